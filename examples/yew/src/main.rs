//! A dashboard: connect to a broker, watch values arrive, publish one.

use std::collections::BTreeMap;

use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlInputElement;
use webmqtt::{Client, Error, QoS};
use yew::prelude::*;

fn main() {
    yew::Renderer::<App>::new().render();
}

/// The form, and the dashboard of the client that it has connected.
#[component]
fn App() -> Html {
    let client = use_state(|| None::<Client>);
    let trouble = use_state(|| None::<Error>);
    let url = use_node_ref();

    let connect = {
        let (client, trouble, url) = (client.clone(), trouble.clone(), url.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let (client, trouble) = (client.clone(), trouble.clone());
            let url = value_of(&url);
            spawn_local(async move {
                match connected(url).await {
                    Ok(connected) => client.set(Some(connected)),
                    Err(error) => trouble.set(Some(error)),
                }
            });
        })
    };
    html! {
        <main>
            <form onsubmit={connect}>
                <input ref={url} name="url" defaultvalue="ws://127.0.0.1:8080/mqtt" />
                <button>{ "Connect" }</button>
            </form>
            if let Some(error) = &*trouble {
                <p role="alert">{ error.to_string() }</p>
            }
            if let Some(client) = &*client {
                <Dashboard client={client.clone()} />
            }
        </main>
    }
}

async fn connected(url: String) -> Result<Client, Error> {
    let client = Client::builder(url).build()?;
    client.connect().await?;
    Ok(client)
}

#[derive(PartialEq, Properties)]
struct DashboardProperties {
    client: Client,
}

/// What a message or a change of the state does to what is shown.
#[derive(Default)]
struct Shown {
    state: String,
    values: BTreeMap<String, String>,
}

enum Seen {
    State(String),
    Value(String, String),
}

impl Reducible for Shown {
    type Action = Seen;

    fn reduce(self: std::rc::Rc<Self>, seen: Seen) -> std::rc::Rc<Self> {
        let (mut state, mut values) = (self.state.clone(), self.values.clone());
        match seen {
            Seen::State(now) => state = now,
            Seen::Value(topic, value) => drop(values.insert(topic, value)),
        }
        Self { state, values }.into()
    }
}

#[component]
fn Dashboard(DashboardProperties { client }: &DashboardProperties) -> Html {
    let shown = use_reducer(Shown::default);
    {
        let shown = shown.dispatcher();
        use_effect_with(client.clone(), move |client| {
            shown.dispatch(Seen::State(format!("{:?}", client.state())));
            let mut states = client.states();
            let told = shown.clone();
            // Both tasks end with the client: its streams do.
            spawn_local(async move {
                while let Some(change) = states.next().await {
                    told.dispatch(Seen::State(format!("{:?}", change.state)));
                }
            });
            let subscription = client.subscribe("#", QoS::AtMostOnce).declare();
            spawn_local(async move {
                let Ok(mut messages) = subscription else {
                    return;
                };
                while let Some(message) = messages.next().await {
                    let value = String::from_utf8_lossy(message.payload()).into_owned();
                    shown.dispatch(Seen::Value(message.topic().into(), value));
                }
            });
        });
    }

    let (topic, payload) = (use_node_ref(), use_node_ref());
    let publish = {
        let (client, topic, payload) = (client.clone(), topic.clone(), payload.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let (topic, payload) = (value_of(&topic), value_of(&payload));
            // An error is the topic's: the connection may come later.
            let _ = client
                .publish(&topic, &payload)
                .qos(QoS::AtLeastOnce)
                .queue();
        })
    };
    let rows = shown.values.iter().map(|(topic, value)| {
        html! { <tr key={topic.as_str()}><td>{ topic }</td><td>{ value }</td></tr> }
    });
    html! {
        <>
            <p>{ "State: " }<output>{ &shown.state }</output></p>
            <form onsubmit={publish}>
                <input ref={topic} name="topic" defaultvalue="example/yew" />
                <input ref={payload} name="payload" defaultvalue="21.5" />
                <button>{ "Publish" }</button>
            </form>
            <table><tbody>{ for rows }</tbody></table>
        </>
    }
}

fn value_of(input: &NodeRef) -> String {
    input
        .cast::<HtmlInputElement>()
        .map(|input| input.value())
        .unwrap_or_default()
}
