//! A dashboard: connect to a broker, watch values arrive, publish one.

use std::collections::BTreeMap;

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use webmqtt::{Client, Error, QoS};

fn main() {
    mount_to_body(App);
}

/// The form, and the dashboard of the client that it has connected.
#[component]
fn App() -> impl IntoView {
    let url = RwSignal::new(String::from("ws://127.0.0.1:8080/mqtt"));
    // A client belongs to its thread, so it is kept where nothing has to be `Send`.
    let client = RwSignal::new_local(None::<Client>);
    let trouble = RwSignal::new(None::<Error>);
    let connect = move |event: SubmitEvent| {
        event.prevent_default();
        spawn_local(async move {
            match connected(url.get_untracked()).await {
                Ok(connected) => client.set(Some(connected)),
                Err(error) => trouble.set(Some(error)),
            }
        });
    };
    view! {
        <main>
            <form on:submit=connect>
                <input name="url" bind:value=url />
                <button>"Connect"</button>
            </form>
            {move || trouble.get().map(|error| view! { <p role="alert">{error.to_string()}</p> })}
            {move || client.get().map(|client| dashboard(client))}
        </main>
    }
}

async fn connected(url: String) -> Result<Client, Error> {
    let client = Client::builder(url).build()?;
    client.connect().await?;
    Ok(client)
}

fn dashboard(client: Client) -> impl IntoView {
    let state = RwSignal::new(format!("{:?}", client.state()));
    let values = RwSignal::new(BTreeMap::<String, String>::new());

    let mut states = client.states();
    // Both tasks end with the client: its streams do.
    spawn_local(async move {
        while let Some(change) = states.next().await {
            state.set(format!("{:?}", change.state));
        }
    });
    let subscription = client.subscribe("#", QoS::AtMostOnce).declare();
    spawn_local(async move {
        let Ok(mut messages) = subscription else {
            return;
        };
        while let Some(message) = messages.next().await {
            let value = String::from_utf8_lossy(message.payload()).into_owned();
            values.update(|values| drop(values.insert(message.topic().into(), value)));
        }
    });

    let topic = RwSignal::new(String::from("example/leptos"));
    let payload = RwSignal::new(String::from("21.5"));
    let publish = move |event: SubmitEvent| {
        event.prevent_default();
        let (topic, payload) = (topic.get_untracked(), payload.get_untracked());
        // An error is the topic's: the connection may come later.
        let _ = client
            .publish(&topic, &payload)
            .qos(QoS::AtLeastOnce)
            .queue();
    };
    view! {
        <p>"State: " <output>{state}</output></p>
        <form on:submit=publish>
            <input name="topic" bind:value=topic />
            <input name="payload" bind:value=payload />
            <button>"Publish"</button>
        </form>
        <table>
            <tbody>
                {move || {
                    let row = |(topic, value)| view! { <tr><td>{topic}</td><td>{value}</td></tr> };
                    values.get().into_iter().map(row).collect_view()
                }}
            </tbody>
        </table>
    }
}
