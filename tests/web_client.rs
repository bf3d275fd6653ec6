//! The client for Rust front ends, in a real browser, against a WebSocket that the test holds in its hands.
#![cfg(target_arch = "wasm32")]

mod web_server;

use std::cell::RefCell;
use std::future::{Future, IntoFuture};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use js_sys::{Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::*;
use web_server::{bytes, connack, publish};
use webmqtt::client::{ClientEvent, CloseInfo, Overflow};
use webmqtt::codec::{
    self, Ack, ConnAck, Decoded, Disconnect, Packet, PacketId, Properties, PropertyId, Sender,
    Version,
};
use webmqtt::{Client, ClientBuilder, Error, Message, QoS, ReasonCode, State, Subscription};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen(inline_js = r#"
export class Wire extends EventTarget {
  static opened = [];
  constructor(url, protocols) {
    super();
    Object.assign(this, { url, offered: protocols, protocol: "", sent: [], closed: false, bufferedAmount: 0 });
    Wire.opened.push(this);
  }
  send(bytes) { this.sent.push(Uint8Array.from(bytes)); }
  close() { this.closed = true; }
}
export function install() { globalThis.WebSocket = Wire; Wire.opened = []; }
export function count() { return Wire.opened.length; }
export function is_closed(at) { return Wire.opened[at].closed; }
export function open(at) { const w = Wire.opened[at]; w.protocol = "mqtt"; w.onopen?.({}); }
export function receive(at, bytes) { Wire.opened[at].onmessage?.({ data: Uint8Array.from(bytes).buffer }); }
export function drop_it(at, code, reason) { Wire.opened[at].onclose?.({ code, reason, wasClean: false }); }
export function sent(at) { return Wire.opened[at].sent; }
"#)]
extern "C" {
    fn install();
    fn count() -> usize;
    fn is_closed(at: usize) -> bool;
    fn open(at: usize);
    fn receive(at: usize, bytes: &[u8]);
    fn drop_it(at: usize, code: u16, reason: &str);
    fn sent(at: usize) -> Vec<Uint8Array>;
}

fn builder() -> ClientBuilder {
    install();
    Client::builder("ws://broker.test/mqtt").client_id("rust")
}

async fn turn() {
    let next = Promise::new(&mut |resolve, _| {
        web_sys::window()
            .unwrap()
            .set_timeout_with_callback(&resolve)
            .unwrap();
    });
    wasm_bindgen_futures::JsFuture::from(next).await.unwrap();
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// The server's side of one connection.
async fn accept(at: usize) {
    while count() <= at {
        turn().await;
    }
    open(at);
    receive(at, &connack(ReasonCode::Success));
}

async fn connected() -> Client {
    let client = builder().build().unwrap();
    let connect = client.connect();
    accept(0).await;
    connect.await.unwrap();
    client
}

fn ack(id: u16) -> Ack<'static> {
    Ack {
        packet_id: PacketId::new(id).unwrap(),
        reason: ReasonCode::Success,
        properties: Properties::EMPTY,
    }
}

/// A packet that the client sent, in words: its type, its identifier and what it is about.
fn packets(at: usize) -> Vec<String> {
    let mut words = Vec::new();
    for message in sent(at) {
        let all = message.to_vec();
        let mut rest = &all[..];
        while !rest.is_empty() {
            match codec::decode_from(Sender::Client, rest, Version::V5).unwrap() {
                Decoded::Packet { packet, len } => {
                    words.push(word(&packet));
                    rest = &rest[len..];
                }
                Decoded::Incomplete { .. } => panic!("the client sends whole packets"),
            }
        }
    }
    words
}

fn word(packet: &Packet<'_>) -> String {
    let kind = format!("{:?}", packet.packet_type());
    match packet {
        Packet::Publish(publish) => {
            let id = publish.packet_id.map_or(0, PacketId::get);
            let text = String::from_utf8_lossy(publish.payload);
            let dup = if publish.dup { " again" } else { "" };
            format!("{kind} {id} {}={text}{dup}", publish.topic_text())
        }
        Packet::Subscribe(subscribe) => {
            let filters = subscribe
                .filters
                .iter()
                .map(|(filter, _)| filter.as_str().to_owned());
            let filters: Vec<_> = filters.collect();
            format!("{kind} {} {}", subscribe.packet_id.get(), filters.join(" "))
        }
        Packet::Unsubscribe(unsubscribe) => {
            let filters = unsubscribe
                .filters
                .iter()
                .map(|filter| filter.as_str().to_owned());
            let filters: Vec<_> = filters.collect();
            format!(
                "{kind} {} {}",
                unsubscribe.packet_id.get(),
                filters.join(" ")
            )
        }
        _ => kind,
    }
}

/// The packet identifier in its words.
fn id_of(word: &str) -> u16 {
    word.split(' ').nth(1).unwrap().parse().unwrap()
}

fn last(at: usize) -> String {
    packets(at).pop().unwrap()
}

fn suback(id: u16, reasons: &[ReasonCode]) -> Vec<u8> {
    let codes: Vec<u8> = reasons.iter().map(|reason| reason.as_u8()).collect();
    let mut packet = vec![0x90, 3 + codes.len() as u8, 0, id as u8, 0];
    packet.extend(codes);
    packet
}

async fn subscribed(client: &Client, filter: &str, id: u16) -> Subscription {
    let subscribing = client.subscribe(filter, QoS::AtLeastOnce).into_future();
    turn().await;
    assert_eq!(last(0), format!("Subscribe {id} {filter}"));
    receive(0, &suback(id, &[ReasonCode::GrantedQoS1]));
    subscribing.await.unwrap()
}

fn texts(messages: &[Message]) -> Vec<&str> {
    messages
        .iter()
        .map(|message| message.text().unwrap())
        .collect()
}

/// What a stream has now.
fn waiting(subscription: &mut Subscription) -> Vec<Message> {
    let mut messages = Vec::new();
    while let Poll::Ready(Some(message)) = poll(pin!(subscription.next())) {
        messages.push(message);
    }
    messages
}

#[wasm_bindgen_test]
async fn connects_when_the_server_has_accepted() {
    let client = builder().build().unwrap();
    let mut connect = client.connect();
    assert_eq!(client.state(), State::Connecting);
    assert_eq!(count(), 0, "nothing happens inside the call");
    turn().await;
    open(0);
    assert_eq!(packets(0), ["Connect"]);
    assert!(poll(Pin::new(&mut connect)).is_pending());
    receive(0, &connack(ReasonCode::Success));
    assert_eq!(connect.await, Ok(()));
    assert_eq!(client.state(), State::Connected);
    assert_eq!(client.connection().unwrap().client_id, "rust");
    assert_eq!(client.connect().await, Ok(()), "there is a connection");
    assert_eq!(count(), 1);
}

#[wasm_bindgen_test]
async fn a_refusal_is_the_error_and_the_client_can_try_again() {
    let client = builder().build().unwrap();
    let connect = client.connect();
    turn().await;
    open(0);
    receive(0, &connack(ReasonCode::NotAuthorized));
    let refused = Error::ConnectRefused(ReasonCode::NotAuthorized);
    assert_eq!(connect.await, Err(refused));
    assert_eq!(client.last_change().unwrap().cause, Some(refused));
    client.set_credentials(Some("user".into()), None).unwrap();
    let connect = client.connect();
    accept(1).await;
    assert_eq!(connect.await, Ok(()));
}

#[wasm_bindgen_test]
async fn an_attempt_goes_on_when_its_future_is_dropped_and_ends_with_stop() {
    let client = builder().build().unwrap();
    drop(client.connect());
    accept(0).await;
    assert_eq!(client.state(), State::Connected);

    let client = builder().build().unwrap();
    let connect = client.connect();
    turn().await;
    client.stop();
    assert_eq!(connect.await, Err(Error::Aborted));
    // The end of the last attempt is none of this one's.
    let connect = client.connect();
    client.stop();
    let again = client.connect();
    turn().await;
    let at = count() - 1;
    open(at);
    receive(at, &connack(ReasonCode::Success));
    assert_eq!((connect.await, again.await), (Ok(()), Ok(())));
}

#[wasm_bindgen_test]
async fn a_publish_is_done_when_its_qos_is() {
    let client = connected().await;
    let sent = client.publish("a", "0").await.unwrap();
    assert_eq!(sent.qos, QoS::AtMostOnce);
    assert_eq!(last(0), "Publish 0 a=0");

    let mut once = client
        .publish("a", b"1")
        .qos(QoS::AtLeastOnce)
        .into_future();
    turn().await;
    assert_eq!(last(0), "Publish 1 a=1");
    assert!(poll(Pin::new(&mut once)).is_pending());
    receive(0, &bytes(&Packet::PubAck(ack(1))));
    assert_eq!(once.await.unwrap().qos, QoS::AtLeastOnce);

    let mut exactly = client
        .publish("a", &vec![b'2'])
        .qos(QoS::ExactlyOnce)
        .into_future();
    turn().await;
    let id = packets(0).pop().unwrap();
    assert!(id.starts_with("Publish ") && id.ends_with(" a=2"), "{id}");
    let id = id_of(&id);
    receive(0, &bytes(&Packet::PubRec(ack(id))));
    assert_eq!(last(0), "PubRel");
    assert!(poll(Pin::new(&mut exactly)).is_pending());
    receive(0, &bytes(&Packet::PubComp(ack(id))));
    assert_eq!(exactly.await.unwrap().qos, QoS::ExactlyOnce);
    assert_eq!((client.queued(), client.inflight()), ((0, 0), 0));
}

#[wasm_bindgen_test]
async fn a_publish_that_the_server_refuses_is_an_error() {
    let client = connected().await;
    let publish = client.publish("a", "1").qos(QoS::AtLeastOnce).into_future();
    turn().await;
    let refused = Ack {
        reason: ReasonCode::QuotaExceeded,
        ..ack(1)
    };
    receive(0, &bytes(&Packet::PubAck(refused)));
    let error = Error::PublishRefused(ReasonCode::QuotaExceeded);
    assert_eq!(publish.await, Err(error));
}

#[wasm_bindgen_test]
async fn a_queued_message_leaves_although_its_future_is_dropped() {
    let client = connected().await;
    drop(
        client
            .publish("a", "kept")
            .qos(QoS::AtLeastOnce)
            .into_future(),
    );
    client.publish("a", "queued").queue().unwrap();
    client.publish("a", "taken back").into_future().cancel();
    turn().await;
    assert_eq!(packets(0)[1..], ["Publish 1 a=kept", "Publish 0 a=queued"]);
    receive(0, &bytes(&Packet::PubAck(ack(1))));
    assert_eq!(client.inflight(), 0);
}

#[wasm_bindgen_test]
async fn a_publish_ends_at_its_timeout() {
    let client = builder().build().unwrap();
    let publish = client.publish("a", "1").timeout(Duration::from_millis(1));
    assert_eq!(publish.await, Err(Error::Timeout), "there is no connection");
    assert_eq!(client.queued().0, 0);
}

#[wasm_bindgen_test]
async fn properties_of_a_message_go_out_and_come_in() {
    let client = connected().await;
    let mut all = subscribed(&client, "#", 1).await;
    let message = client
        .publish("a", "{}")
        .content_type("application/json")
        .is_text();
    message
        .user_property("k", "v")
        .retain(true)
        .queue()
        .unwrap();
    turn().await;
    let bytes = sent(0).pop().unwrap().to_vec();
    // As it went out it comes back.
    receive(0, &bytes);
    let message = all.next().await.unwrap();
    let properties = message.properties();
    assert_eq!(
        properties.text(PropertyId::ContentType),
        Some("application/json")
    );
    assert_eq!(properties.user_properties().next(), Some(("k", "v")));
    assert!(message.retain() && !message.dup() && message.qos() == QoS::AtMostOnce);
}

#[wasm_bindgen_test]
async fn a_subscription_is_a_stream_of_its_own_messages() {
    let client = connected().await;
    let mut a = subscribed(&client, "a/+", 1).await;
    let mut all = subscribed(&client, "#", 2).await;
    assert_eq!(a.granted().await, Ok(QoS::AtLeastOnce));
    receive(0, &[publish("a/1", b"one"), publish("b", b"two")].concat());
    assert_eq!(texts(&waiting(&mut a)), ["one"]);
    assert_eq!(texts(&waiting(&mut all)), ["one", "two"]);
    let mut next = pin!(a.next());
    assert!(poll(next.as_mut()).is_pending());
    receive(0, &publish("a/2", b"three"));
    assert_eq!(next.await.unwrap().topic(), "a/2");
}

#[wasm_bindgen_test]
async fn a_refused_subscription_is_an_error_and_its_stream_ends() {
    let client = connected().await;
    let subscribing = client.subscribe("secret/#", QoS::AtMostOnce).into_future();
    let mut declared = client
        .subscribe("secret/#", QoS::AtMostOnce)
        .declare()
        .unwrap();
    turn().await;
    receive(0, &suback(1, &[ReasonCode::NotAuthorized]));
    let error = Error::SubscribeRefused(ReasonCode::NotAuthorized);
    assert_eq!(subscribing.await.err(), Some(error));
    assert!(declared.next().await.is_none());
    assert_eq!(declared.granted().await, Err(error));
}

#[wasm_bindgen_test]
async fn dropping_a_subscription_unsubscribes_unless_another_has_the_filter() {
    let client = connected().await;
    let one = subscribed(&client, "a", 1).await;
    let other = client.subscribe("a", QoS::AtLeastOnce).declare().unwrap();
    turn().await;
    let before = packets(0).len();
    drop(one);
    turn().await;
    assert_eq!(
        packets(0).len(),
        before,
        "the other one still uses the filter"
    );
    drop(other);
    turn().await;
    assert!(last(0).starts_with("Unsubscribe "), "{:?}", packets(0));
}

#[wasm_bindgen_test]
async fn unsubscribing_says_how_it_ended() {
    let client = connected().await;
    let subscription = subscribed(&client, "a", 1).await;
    let end = subscription.unsubscribe();
    turn().await;
    let sent = last(0);
    let id = id_of(&sent) as u8;
    assert!(sent.starts_with("Unsubscribe"), "{sent}");
    receive(0, &[0xB0, 4, 0, id, 0, 0]);
    assert_eq!(end.await, Ok(ReasonCode::Success));
    turn().await;
    let unsubscribes = packets(0)
        .into_iter()
        .filter(|sent| sent.starts_with("Unsub"));
    assert_eq!(unsubscribes.count(), 1, "not once more when it is dropped");
}

#[wasm_bindgen_test]
async fn a_subscription_that_nobody_waits_for_any_more_is_none() {
    let client = connected().await;
    let subscribing = client.subscribe("a", QoS::AtMostOnce).into_future();
    turn().await;
    drop(subscribing);
    receive(0, &suback(1, &[ReasonCode::Success]));
    turn().await;
    assert!(last(0).starts_with("Unsubscribe "), "{:?}", packets(0));
}

#[wasm_bindgen_test]
async fn a_stream_that_is_not_read_drops_what_it_is_told_to_and_counts() {
    let client = connected().await;
    for (overflow, kept) in [
        (Overflow::DropOldest, ["3", "4"]),
        (Overflow::DropNewest, ["1", "2"]),
    ] {
        let subscribe = client.subscribe("a", QoS::AtMostOnce).capacity(2);
        let mut slow = subscribe.overflow(overflow).declare().unwrap();
        for payload in ["1", "2", "3", "4"] {
            receive(0, &publish("a", payload.as_bytes()));
        }
        assert_eq!(slow.dropped(), 2);
        assert_eq!(texts(&waiting(&mut slow)), kept);
    }
}

#[wasm_bindgen_test]
async fn streams_and_messages_outlive_a_lost_connection() {
    let soon = Duration::from_millis(1);
    let client = builder().reconnect(soon, soon).build().unwrap();
    let connect = client.connect();
    accept(0).await;
    connect.await.unwrap();
    let mut stream = subscribed(&client, "a", 1).await;
    let publish_1 = client.publish("b", "1").qos(QoS::AtLeastOnce).into_future();
    turn().await;
    drop_it(0, 1006, "");
    assert_ne!(client.state(), State::Connected);
    client.publish("b", "offline").queue().unwrap();
    accept(1).await;
    let sent = packets(1);
    assert!(sent.iter().any(|sent| sent.ends_with(" a")), "{sent:?}");
    assert!(
        sent.iter().any(|sent| sent.ends_with("b=offline")),
        "{sent:?}"
    );
    receive(1, &publish("a", b"after"));
    assert_eq!(stream.next().await.unwrap().payload(), b"after");
    let resent = sent.iter().find(|sent| sent.ends_with("b=1")).unwrap();
    let id = id_of(resent);
    receive(1, &bytes(&Packet::PubAck(ack(id))));
    assert!(publish_1.await.is_ok());
}

#[wasm_bindgen_test]
async fn what_waited_at_the_server_reaches_a_subscription_that_was_declared_before() {
    let client = builder().clean(false).build().unwrap();
    let mut orders = client
        .subscribe("orders/#", QoS::ExactlyOnce)
        .declare()
        .unwrap();
    drop(client.connect());
    turn().await;
    open(0);
    let resumed = bytes(&Packet::ConnAck(ConnAck {
        session_present: true,
        reason: ReasonCode::Success,
        properties: Properties::EMPTY,
    }));
    receive(0, &[resumed, publish("orders/1", b"kept")].concat());
    assert_eq!(orders.next().await.unwrap().topic(), "orders/1");
}

#[wasm_bindgen_test]
async fn changes_of_state_come_with_their_causes() {
    let client = builder().reconnect(Duration::from_secs(60), Duration::from_secs(60));
    let client = client.build().unwrap();
    let mut states = client.states();
    let mut other = client.states();
    drop(client.connect());
    accept(0).await;
    for state in [State::Connecting, State::Connected] {
        let change = states.next().await.unwrap();
        assert_eq!((change.state, change.cause), (state, None));
    }
    drop_it(0, 4001, "token expired");
    let lost = states.next().await.unwrap();
    let close = CloseInfo {
        code: 4001,
        reason: "token expired".into(),
        was_clean: false,
    };
    assert_eq!(
        (lost.state, lost.previous),
        (State::Waiting, State::Connected)
    );
    assert_eq!(
        (lost.cause, lost.close),
        (Some(Error::ConnectionLost), Some(close))
    );
    assert!(lost.delay.is_some());
    client.disconnect().await;
    assert_eq!(states.next().await.unwrap().state, State::Closed);
    assert!(states.next().await.is_none());
    assert_eq!(
        other.next().await.unwrap().state,
        State::Connecting,
        "each has all"
    );
}

#[wasm_bindgen_test]
async fn what_the_server_says_at_the_end_is_in_the_change() {
    let client = connected().await;
    let mut states = client.states();
    let reason = webmqtt::codec::Property::Text(PropertyId::ReasonString, "maintenance");
    let mut properties = webmqtt::codec::PropertiesBuf::new();
    properties.push(reason).unwrap();
    receive(
        0,
        &bytes(&Packet::Disconnect(Disconnect {
            reason: ReasonCode::ServerShuttingDown,
            properties: properties.as_properties(),
        })),
    );
    let change = states.next().await.unwrap();
    assert_eq!(change.reason_string.as_deref(), Some("maintenance"));
    let cause = Error::ServerDisconnect(ReasonCode::ServerShuttingDown);
    assert_eq!(change.cause, Some(cause));
}

#[wasm_bindgen_test]
async fn a_renewal_that_the_server_refuses_is_a_warning() {
    let soon = Duration::from_millis(1);
    let client = builder().reconnect(soon, soon).build().unwrap();
    drop(client.connect());
    accept(0).await;
    let _stream = subscribed(&client, "a", 1).await;
    let mut events = client.events();
    drop_it(0, 1006, "");
    accept(1).await;
    let sent = last(1);
    let id = id_of(&sent);
    receive(1, &suback(id, &[ReasonCode::NotAuthorized]));
    loop {
        if let ClientEvent::Warning { error, filter } = events.next().await.unwrap() {
            assert_eq!(error, Error::SubscribeRefused(ReasonCode::NotAuthorized));
            assert_eq!(filter.as_deref(), Some("a"));
            break;
        }
    }
}

#[wasm_bindgen_test]
async fn a_request_gets_its_response_and_somebody_elses_can_be_answered() {
    let client = connected().await;
    let mut asked = subscribed(&client, "square", 1).await;
    let request = client
        .publish("square", "12")
        .request(Duration::from_secs(5));
    turn().await;
    let sent_last = last(0);
    assert!(
        sent_last.starts_with("Subscribe "),
        "the inbox comes first: {sent_last}"
    );
    let id = id_of(&sent_last);
    receive(0, &suback(id, &[ReasonCode::GrantedQoS1]));
    turn().await;
    // The server brings it to who is asked, who is the same client here.
    let question = sent(0).pop().unwrap().to_vec();
    receive(0, &question);
    let question = asked.next().await.unwrap();
    client.respond(&question, "144").unwrap().queue().unwrap();
    turn().await;
    let answer = sent(0).pop().unwrap().to_vec();
    receive(0, &answer);
    assert_eq!(request.await.unwrap().text(), Ok("144"));
    receive(0, &publish("square", b"no question"));
    let statement = asked.next().await.unwrap();
    assert!(client.respond(&statement, "").is_none());

    let silence = client
        .publish("square", "13")
        .request(Duration::from_millis(1));
    assert_eq!(silence.await.err(), Some(Error::RequestTimeout));
}

#[wasm_bindgen_test]
async fn clones_are_one_client_and_the_last_one_says_goodbye() {
    let client = connected().await;
    let clone = client.clone();
    let mut stream = subscribed(&client, "a", 1).await;
    drop(client);
    clone.publish("b", "1").await.unwrap();
    assert_eq!(last(0), "Publish 0 b=1");
    clone.publish("b", "last").queue().unwrap();
    drop(clone);
    assert!(stream.next().await.is_none());
    turn().await;
    let sent = packets(0);
    assert_eq!(sent[sent.len() - 2..], ["Publish 0 b=last", "Disconnect"]);
    assert!(!is_closed(0), "the server closes first");
    drop_it(0, 1000, "");
    assert_eq!(count(), 1, "and nobody comes back");
}

#[wasm_bindgen_test]
async fn disconnecting_settles_what_is_open() {
    let client = connected().await;
    let open = client.publish("a", "1").qos(QoS::AtLeastOnce).into_future();
    let mut stream = subscribed_after(&client).await;
    let end = client.disconnect();
    turn().await;
    assert_eq!(last(0), "Disconnect");
    drop_it(0, 1000, "");
    end.await;
    assert_eq!(open.await, Err(Error::Closed));
    assert!(stream.next().await.is_none());
    client.disconnect().await;
    assert_eq!(client.connect().await, Err(Error::Closed));
}

async fn subscribed_after(client: &Client) -> Subscription {
    let subscription = client.subscribe("a", QoS::AtMostOnce).declare().unwrap();
    turn().await;
    subscription
}

thread_local! {
    static MEDDLED: RefCell<(Option<Client>, u32)> = const { RefCell::new((None, 0)) };
}

/// A waker that uses the client whenever it is woken or dropped, as an executor does that runs or drops tasks at once.
struct Meddler;

fn meddle() {
    let client = MEDDLED.with(|meddled| {
        let mut meddled = meddled.borrow_mut();
        meddled.1 += 1;
        meddled.0.clone()
    });
    if let Some(client) = client {
        client.publish("meddled", "").queue().unwrap();
        drop(client.subscribe("meddled", QoS::AtMostOnce).declare());
        drop((client.states(), client.connect()));
    }
}

impl Wake for Meddler {
    fn wake(self: Arc<Self>) {
        meddle();
    }
}

impl Drop for Meddler {
    fn drop(&mut self) {
        meddle();
    }
}

#[wasm_bindgen_test]
async fn a_waker_may_use_the_client() {
    let client = connected().await;
    let mut stream = subscribed(&client, "a", 1).await;
    let mut states = client.states();
    let mut publish_1 = client.publish("a", "1").qos(QoS::AtLeastOnce).into_future();
    turn().await;
    let id = id_of(&last(0));
    MEDDLED.with(|meddled| meddled.borrow_mut().0 = Some(client.clone()));
    for _ in 0..2 {
        // The second round drops the wakers of the first.
        let waker = Waker::from(Arc::new(Meddler));
        let context = &mut Context::from_waker(&waker);
        assert!(pin!(stream.next()).poll(context).is_pending());
        let waker = Waker::from(Arc::new(Meddler));
        let context = &mut Context::from_waker(&waker);
        assert!(pin!(states.next()).poll(context).is_pending());
        let waker = Waker::from(Arc::new(Meddler));
        let context = &mut Context::from_waker(&waker);
        assert!(Pin::new(&mut publish_1).poll(context).is_pending());
    }
    assert_eq!(MEDDLED.with(|meddled| meddled.borrow().1), 3);
    receive(
        0,
        &[publish("a", b"x"), bytes(&Packet::PubAck(ack(id)))].concat(),
    );
    drop_it(0, 1006, "");
    // Each was woken and then dropped.
    assert_eq!(MEDDLED.with(|meddled| meddled.borrow().1), 9);
    assert_eq!(stream.next().await.unwrap().payload(), b"x");
    assert!(publish_1.await.is_ok());
    assert_eq!(
        states.next().await.unwrap().cause,
        Some(Error::ConnectionLost)
    );
    MEDDLED.with(|meddled| meddled.take());
    drop(client);
    // Its last socket is none of the next test's.
    turn().await;
}

#[wasm_bindgen_test]
async fn credentials_may_come_later() {
    let client = builder()
        .credentials(|request| {
            wasm_bindgen_futures::spawn_local(async move {
                turn().await;
                request
                    .answer(Some("user".into()), Some(b"token".to_vec()))
                    .unwrap();
            });
        })
        .build()
        .unwrap();
    let connect = client.connect();
    accept(0).await;
    assert_eq!(connect.await, Ok(()));
    let connect = sent(0)[0].to_vec();
    assert!(connect.windows(5).any(|bytes| bytes == b"token"));
}
