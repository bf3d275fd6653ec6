//! `minimal.rs` without a client: the difference is what webmqtt weighs.

use yew::prelude::*;

#[component]
fn App() -> Html {
    let value = use_state(String::new);
    let setter = value.setter();
    use_effect_with((), move |()| setter.set("21.5".into()));
    html! { <p>{ &*value }</p> }
}

fn main() {
    yew::Renderer::<App>::new().render();
}
