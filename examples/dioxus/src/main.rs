//! A dashboard: connect to a broker, watch values arrive, publish one.

use std::collections::BTreeMap;

use dioxus::prelude::*;
use webmqtt::{Client, Error, QoS};

fn main() {
    dioxus::launch(app);
}

/// The form, and the dashboard of the client that it has connected.
fn app() -> Element {
    let mut url = use_signal(|| String::from("ws://127.0.0.1:8080/mqtt"));
    let mut client = use_signal(|| None::<Client>);
    let mut trouble = use_signal(|| None::<Error>);
    let connect = move |event: FormEvent| async move {
        event.prevent_default();
        match connected(url()).await {
            Ok(connected) => client.set(Some(connected)),
            Err(error) => trouble.set(Some(error)),
        }
    };
    rsx! {
        form { onsubmit: connect,
            input { name: "url", value: url, oninput: move |event| url.set(event.value()) }
            button { "Connect" }
        }
        if let Some(error) = trouble() {
            p { role: "alert", "{error}" }
        }
        if let Some(client) = client() {
            Dashboard { client }
        }
    }
}

async fn connected(url: String) -> Result<Client, Error> {
    let client = Client::builder(url).build()?;
    client.connect().await?;
    Ok(client)
}

#[component]
fn Dashboard(client: Client) -> Element {
    let mut state = use_signal(|| format!("{:?}", client.state()));
    let mut values = use_signal(BTreeMap::<String, String>::new);
    // Dioxus drops both tasks with the component, and the subscription with its task.
    let watched = client.clone();
    use_future(move || {
        let mut states = watched.states();
        async move {
            while let Some(change) = states.next().await {
                state.set(format!("{:?}", change.state));
            }
        }
    });
    let watched = client.clone();
    use_future(move || {
        let subscription = watched.subscribe("#", QoS::AtMostOnce).declare();
        async move {
            let Ok(mut messages) = subscription else {
                return;
            };
            while let Some(message) = messages.next().await {
                let value = String::from_utf8_lossy(message.payload()).into_owned();
                values.write().insert(message.topic().into(), value);
            }
        }
    });

    let mut topic = use_signal(|| String::from("example/dioxus"));
    let mut payload = use_signal(|| String::from("21.5"));
    let publish = move |event: FormEvent| {
        event.prevent_default();
        // An error is the topic's: the connection may come later.
        let _ = client
            .publish(&topic(), &payload())
            .qos(QoS::AtLeastOnce)
            .queue();
    };
    rsx! {
        p {
            "State: "
            output { "{state}" }
        }
        form { onsubmit: publish,
            input { name: "topic", value: topic, oninput: move |event| topic.set(event.value()) }
            input { name: "payload", value: payload, oninput: move |event| payload.set(event.value()) }
            button { "Publish" }
        }
        table {
            tbody {
                for (topic, value) in values() {
                    tr { key: "{topic}",
                        td { "{topic}" }
                        td { "{value}" }
                    }
                }
            }
        }
    }
}
