//! A value that is shown as it arrives.

use wasm_bindgen_futures::spawn_local;
use webmqtt::{Client, Error, QoS};
use yew::prelude::*;

async fn watch(temperature: UseStateSetter<String>) -> Result<(), Error> {
    let client = Client::builder("ws://127.0.0.1:8080/mqtt").build()?;
    client.connect().await?;
    let mut values = client.subscribe("home/+/temp", QoS::AtLeastOnce).await?;
    client.publish("home/kitchen/temp", "21.5").await?;
    while let Some(message) = values.next().await {
        temperature.set(String::from_utf8_lossy(message.payload()).into());
    }
    Ok(())
}

#[component]
fn App() -> Html {
    let temperature = use_state(String::new);
    let setter = temperature.setter();
    use_effect_with((), move |()| {
        spawn_local(async move {
            if let Err(error) = watch(setter.clone()).await {
                setter.set(error.to_string());
            }
        });
    });
    html! { <p>{ &*temperature }</p> }
}

fn main() {
    yew::Renderer::<App>::new().render();
}
