//! The browser driver, in a real browser, against a WebSocket that the test holds in its hands.
#![cfg(target_arch = "wasm32")]

mod web_server;

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::*;
use web_server::{bytes, connack, publish};
use webmqtt::client::{CloseInfo, Delivery, Driver, DriverOptions, Sink};
use webmqtt::codec::{
    self, Ack, Decoded, Packet, PacketId, Properties, Publish, QoS, ReasonCode, Sender,
    SubscribeOptions, TopicFilter, TopicName, Version,
};
use webmqtt::error::Error;
use webmqtt::session::{ConnectOptions, Event, Outgoing, ReconnectOptions, State};
use webmqtt::time::Duration;

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen(inline_js = r#"
export class Wire extends EventTarget {
  static opened = [];
  static real = globalThis.WebSocket;
  constructor(url, protocols) {
    super();
    Object.assign(this, { url, offered: protocols, protocol: "", sent: [], closed: false, bufferedAmount: 0, binaryType: "blob" });
    Wire.opened.push(this);
  }
  send(bytes) { this.sent.push(Uint8Array.from(bytes)); }
  close(...code) { this.closed = true; this.code = code; }
}
export function install() { globalThis.WebSocket = Wire; Wire.opened = []; }
export function count() { return Wire.opened.length; }
export function offered(at) { return String(Wire.opened[at].offered); }
export function binary_type(at) { return Wire.opened[at].binaryType; }
export function is_closed(at) { return Wire.opened[at].closed; }
export function closed_with(at) { return JSON.stringify(Wire.opened[at].code); }
export function listens(at) { const w = Wire.opened[at]; return Boolean(w.onopen || w.onmessage || w.onclose || w.onerror); }
export function open(at, protocol) { const w = Wire.opened[at]; w.protocol = protocol; w.onopen?.({}); }
export function receive(at, bytes) { Wire.opened[at].onmessage?.({ data: Uint8Array.from(bytes).buffer }); }
export function receive_text(at, text) { Wire.opened[at].onmessage?.({ data: text }); }
export function drop_it(at, code, reason) { Wire.opened[at].onclose?.({ code, reason, wasClean: false }); }
export function fail(at) { Wire.opened[at].onerror?.({}); }
export function buffer(at, bytes) { Wire.opened[at].bufferedAmount = bytes; }
export function sent(at) { return Wire.opened[at].sent; }
export function page_event(kind, persisted) {
  const target = kind === "visibilitychange" || kind === "resume" ? document : globalThis;
  target.dispatchEvent(new PageTransitionEvent(kind, { persisted, bubbles: true }));
}
"#)]
extern "C" {
    fn install();
    fn count() -> usize;
    fn offered(at: usize) -> String;
    fn binary_type(at: usize) -> String;
    fn is_closed(at: usize) -> bool;
    fn closed_with(at: usize) -> String;
    fn listens(at: usize) -> bool;
    fn open(at: usize, protocol: &str);
    fn receive(at: usize, bytes: &[u8]);
    fn receive_text(at: usize, text: &str);
    fn drop_it(at: usize, code: u16, reason: &str);
    fn fail(at: usize);
    fn buffer(at: usize, bytes: u32);
    fn sent(at: usize) -> Vec<Uint8Array>;
    fn page_event(kind: &str, persisted: bool);
}

/// Events in words, and a hook that runs in the delivery like an application's handler.
#[derive(Clone, Default)]
struct Log(Rc<LogInner>);

#[derive(Default)]
struct LogInner {
    lines: RefCell<Vec<String>>,
    on_delivery: RefCell<Option<Box<dyn Fn()>>>,
}

impl Log {
    fn lines(&self) -> Vec<String> {
        self.0.lines.borrow().clone()
    }

    fn has(&self, line: &str) -> bool {
        self.lines().iter().any(|known| known == line)
    }
}

impl Sink for Log {
    fn collect(&mut self, event: Event<'_>) {
        let line = match event {
            Event::State(change) => match change.cause {
                Some(cause) => format!("{:?}: {}", change.state, cause.code()),
                None => format!("{:?}", change.state),
            },
            Event::Connected(_) => "connected".into(),
            Event::Message(message) => {
                format!(
                    "{}={}",
                    message.topic,
                    String::from_utf8_lossy(message.payload)
                )
            }
            Event::Published { result, .. } => format!("published: {}", result.is_ok()),
            Event::Subscribed { results, .. } => format!("subscribed: {results:?}"),
            Event::Unsubscribed { .. } => "unsubscribed".into(),
            Event::Warning { error, .. } => error.code().into(),
            Event::Prepare { .. }
            | Event::Authentication { .. }
            | Event::Reauthenticated { .. }
            | Event::RequestFailed { .. } => "unexpected".into(),
        };
        self.0.lines.borrow_mut().push(line);
    }

    fn closed(&mut self, info: CloseInfo) {
        self.0
            .lines
            .borrow_mut()
            .push(format!("closed {} {}", info.code, info.reason));
    }

    fn writable(&mut self) {
        self.0.lines.borrow_mut().push("writable".into());
    }

    fn delivery(&mut self) -> Option<Delivery> {
        let log = self.clone();
        Some(Box::new(move || {
            if let Some(hook) = &*log.0.on_delivery.borrow() {
                hook();
            }
        }))
    }
}

fn driver_options() -> DriverOptions {
    DriverOptions {
        urls: vec!["ws://broker.test/mqtt".into()],
        subprotocol: "mqtt".into(),
        seed: 7,
        keep_when_put_away: false,
    }
}

fn new_driver(reconnect: Option<ReconnectOptions>) -> (Driver, Log) {
    install();
    let log = Log::default();
    let options = driver_options();
    let connect = ConnectOptions {
        reconnect,
        ..ConnectOptions::default()
    };
    let driver = Driver::new(options, connect, Box::new(log.clone())).unwrap();
    (driver, log)
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

async fn connected() -> (Driver, Log) {
    let (driver, log) = new_driver(None);
    driver.command(|session, now| session.connect(now)).unwrap();
    turn().await;
    open(0, "mqtt");
    receive(0, &connack(ReasonCode::Success));
    assert!(log.has("connected"), "{:?}", log.lines());
    (driver, log)
}

/// What the client sent, one string for each WebSocket message with the types of its packets.
fn packets(at: usize) -> Vec<Vec<String>> {
    let types = |message: &Uint8Array| {
        let all = message.to_vec();
        let mut rest = &all[..];
        let mut types = Vec::new();
        while !rest.is_empty() {
            match codec::decode_from(Sender::Client, rest, Version::V5).unwrap() {
                Decoded::Packet { packet, len } => {
                    types.push(format!("{:?}", packet.packet_type()));
                    rest = &rest[len..];
                }
                Decoded::Incomplete { .. } => panic!("the client sends whole packets"),
            }
        }
        types
    };
    sent(at).iter().map(types).collect()
}

fn say(driver: &Driver, topic: &str) {
    let topic = TopicName::new(topic).unwrap();
    driver
        .command(|session, now| session.publish(now, &Outgoing::new(topic, b"x")))
        .unwrap();
}

#[wasm_bindgen_test]
async fn offers_the_subprotocol_and_sends_connect_first() {
    let (driver, _log) = new_driver(None);
    driver.command(|session, now| session.connect(now)).unwrap();
    assert_eq!(count(), 0, "nothing happens inside the call");
    turn().await;
    assert_eq!(
        (count(), offered(0).as_str(), binary_type(0).as_str()),
        (1, "mqtt", "arraybuffer")
    );
    assert!(packets(0).is_empty());
    open(0, "mqtt");
    assert_eq!(packets(0), [["Connect"]]);
}

#[wasm_bindgen_test]
async fn publishes_of_one_turn_share_one_websocket_message() {
    let (driver, _log) = connected().await;
    for _ in 0..100 {
        say(&driver, "a/b");
    }
    assert_eq!(sent(0).len(), 1, "only CONNECT so far");
    turn().await;
    let messages = packets(0);
    assert_eq!(messages.len(), 2);
    assert_eq!(messages[1].len(), 100);
}

#[wasm_bindgen_test]
async fn a_full_websocket_message_does_not_wait_for_the_end_of_the_turn() {
    let (driver, _log) = connected().await;
    let topic = TopicName::new("a").unwrap();
    let payload = [0; 1000];
    for _ in 0..20 {
        driver
            .command(|session, now| session.publish(now, &Outgoing::new(topic, &payload)))
            .unwrap();
    }
    assert_eq!(sent(0).len(), 2, "CONNECT and one full message");
    turn().await;
    assert_eq!(sent(0).len(), 3);
}

/// A message of QoS 1 on the topic `a`.
fn assured(id: u16) -> Vec<u8> {
    bytes(&Packet::Publish(Publish {
        dup: false,
        qos: QoS::AtLeastOnce,
        retain: false,
        topic: TopicName::new("a").ok(),
        packet_id: PacketId::new(id),
        properties: Properties::EMPTY,
        payload: b"",
    }))
}

#[wasm_bindgen_test]
async fn acknowledgements_of_one_websocket_message_share_one() {
    let (_driver, _log) = connected().await;
    let mut batch = Vec::new();
    for id in 1..=50 {
        batch.extend(assured(id));
    }
    receive(0, &batch);
    let messages = packets(0);
    assert_eq!(messages.len(), 2);
    assert_eq!(messages[1], vec!["PubAck"; 50]);
}

#[wasm_bindgen_test]
async fn packets_cut_at_every_byte_are_put_together() {
    let (driver, log) = connected().await;
    let filter = [(
        TopicFilter::new("a/#").unwrap(),
        SubscribeOptions::default(),
    )];
    driver
        .command(|session, now| session.subscribe(now, &filter))
        .unwrap();
    turn().await;
    for byte in publish("a/b", b"hello") {
        receive(0, &[byte]);
        receive(0, &[]);
    }
    assert!(log.has("a/b=hello"), "{:?}", log.lines());
}

#[wasm_bindgen_test]
async fn a_handler_may_use_the_client() {
    let (driver, log) = connected().await;
    let driver = Rc::new(driver);
    let filter = [(TopicFilter::new("a").unwrap(), SubscribeOptions::default())];
    driver
        .command(|session, now| session.subscribe(now, &filter))
        .unwrap();
    turn().await;
    let inside = driver.clone();
    *log.0.on_delivery.borrow_mut() = Some(Box::new(move || {
        if inside.read(|session| session.state()) == State::Connected {
            say(&inside, "answer");
        }
    }));
    receive(0, &publish("a", b"1"));
    *log.0.on_delivery.borrow_mut() = None;
    turn().await;
    assert_eq!(packets(0).last().unwrap(), &["Publish"]);
}

#[wasm_bindgen_test]
async fn a_message_is_acknowledged_when_its_handler_has_returned() {
    let (driver, log) = connected().await;
    let filter = [(TopicFilter::new("a").unwrap(), SubscribeOptions::default())];
    driver
        .command(|session, now| session.subscribe(now, &filter))
        .unwrap();
    turn().await;
    let before = Rc::new(RefCell::new(Vec::new()));
    let seen = before.clone();
    *log.0.on_delivery.borrow_mut() = Some(Box::new(move || {
        seen.borrow_mut().push(packets(0).len());
    }));
    receive(0, &assured(1));
    assert_eq!(before.borrow().first(), Some(&2), "CONNECT and SUBSCRIBE");
    assert_eq!(packets(0).last().unwrap(), &["PubAck"]);
}

#[wasm_bindgen_test]
async fn a_text_message_ends_the_connection() {
    let (_driver, log) = connected().await;
    receive_text(0, "hello");
    assert!(log.has("Idle: text-frame"), "{:?}", log.lines());
    assert_eq!(packets(0).last().unwrap(), &["Disconnect"]);
    assert!(is_closed(0) && !listens(0));
}

#[wasm_bindgen_test]
async fn another_subprotocol_ends_the_connection_before_connect() {
    let (driver, log) = new_driver(None);
    driver.command(|session, now| session.connect(now)).unwrap();
    turn().await;
    open(0, "mqttv3.1");
    assert!(log.has("Idle: subprotocol"), "{:?}", log.lines());
    assert!(packets(0).is_empty() && is_closed(0));
}

#[wasm_bindgen_test]
async fn j_o_the_close_code_and_its_reason_are_told() {
    let (_driver, log) = connected().await;
    drop_it(0, 4001, "token expired");
    assert!(log.has("closed 4001 token expired"), "{:?}", log.lines());
    assert!(log.has("Idle: connection-lost"));
}

/// No `close` follows where the browser refuses the URL.
#[wasm_bindgen_test]
async fn an_error_before_the_websocket_opens_is_its_end() {
    let (driver, log) = new_driver(None);
    driver.command(|session, now| session.connect(now)).unwrap();
    turn().await;
    fail(0);
    assert!(log.has("Idle: unreachable"), "{:?}", log.lines());
    assert!(!listens(0));
}

#[wasm_bindgen_test]
async fn an_error_of_an_open_websocket_waits_for_its_close() {
    let (_driver, log) = connected().await;
    let before = log.lines();
    fail(0);
    assert_eq!(log.lines(), before);
    drop_it(0, 4001, "token expired");
    assert!(log.has("closed 4001 token expired"), "{:?}", log.lines());
}

#[wasm_bindgen_test]
async fn what_an_old_socket_still_says_is_ignored() {
    let soon = ReconnectOptions {
        min: Duration::from_millis(1),
        max: Duration::from_millis(1),
        attempts: None,
    };
    let (driver, log) = new_driver(Some(soon));
    driver.command(|session, now| session.connect(now)).unwrap();
    turn().await;
    open(0, "mqtt");
    receive(0, &connack(ReasonCode::Success));
    drop_it(0, 1006, "");
    while count() < 2 {
        turn().await;
    }
    open(1, "mqtt");
    receive(1, &connack(ReasonCode::Success));
    let before = log.lines();
    assert!(!listens(0), "nobody hears what it still says");
    drop_it(0, 1006, "");
    assert_eq!(log.lines(), before);
    assert_eq!(driver.read(|session| session.state()), State::Connected);
}

#[wasm_bindgen_test]
async fn ends_with_disconnect_and_lets_the_server_close() {
    let (driver, log) = connected().await;
    say(&driver, "last");
    driver.command(|session, now| session.disconnect(now));
    turn().await;
    assert_eq!(packets(0).last().unwrap(), &["Publish", "Disconnect"]);
    assert!(
        !is_closed(0),
        "closing first would make some servers publish the will"
    );
    drop_it(0, 1006, "");
    assert!(log.has("Closed"));
    assert_eq!(driver.read(|session| session.poll_timeout()), None);
}

/// BRW-05: a page may close with few codes only, any other throws.
#[wasm_bindgen_test]
async fn a_websocket_is_closed_without_a_code() {
    let (_driver, _log) = connected().await;
    receive(0, &[0]);
    assert!(is_closed(0));
    assert_eq!(closed_with(0), "[]");
}

#[wasm_bindgen_test]
async fn a_dropped_driver_leaves_no_socket_and_no_listener() {
    let (driver, _log) = connected().await;
    drop(driver);
    assert!(is_closed(0) && !listens(0));
}

#[wasm_bindgen_test]
async fn qos_1_is_settled_by_its_acknowledgement() {
    let (driver, log) = connected().await;
    let topic = TopicName::new("a").unwrap();
    let message = Outgoing {
        qos: QoS::AtLeastOnce,
        ..Outgoing::new(topic, b"1")
    };
    driver
        .command(|session, now| session.publish(now, &message))
        .unwrap();
    turn().await;
    assert!(!log.has("published: true"));
    let ack = Ack {
        packet_id: PacketId::new(1).unwrap(),
        reason: ReasonCode::Success,
        properties: Properties::EMPTY,
    };
    receive(0, &bytes(&Packet::PubAck(ack)));
    assert!(log.has("published: true"), "{:?}", log.lines());
}

#[wasm_bindgen_test]
fn options_that_connect_cannot_carry_are_refused() {
    let connect = ConnectOptions {
        client_id: Some("a\0b".into()),
        ..ConnectOptions::default()
    };
    let refused = Driver::new(driver_options(), connect, Box::new(Log::default()));
    assert!(matches!(refused.err(), Some(Error::Encode(_))));
}

#[wasm_bindgen_test]
async fn a_page_in_the_back_forward_cache_has_said_disconnect_and_comes_back_at_once() {
    let (_driver, log) = connected().await;
    page_event("pagehide", false);
    assert!(
        !is_closed(0),
        "a page that is gone for good has no connection to tidy"
    );
    page_event("pagehide", true);
    assert_eq!(packets(0).last().unwrap(), &["Disconnect"]);
    assert!(is_closed(0) && !listens(0));
    assert!(log.has("Waiting: suspended"), "{:?}", log.lines());
    page_event("pageshow", false);
    assert_eq!(count(), 1);
    page_event("pageshow", true);
    assert_eq!(count(), 2, "no back-off");
    open(1, "mqtt");
    assert_eq!(packets(1), [["Connect"]]);
}

#[wasm_bindgen_test]
async fn keeps_the_connection_of_a_page_that_is_put_away_when_asked_to() {
    install();
    let options = DriverOptions {
        keep_when_put_away: true,
        ..driver_options()
    };
    let log = Log::default();
    let driver = Driver::new(options, ConnectOptions::default(), Box::new(log.clone())).unwrap();
    driver.command(|session, now| session.connect(now)).unwrap();
    turn().await;
    open(0, "mqtt");
    receive(0, &connack(ReasonCode::Success));
    page_event("pagehide", true);
    assert!(!is_closed(0));
    assert_eq!(packets(0), [["Connect"]]);
}

#[wasm_bindgen_test]
async fn the_network_that_comes_back_is_probed_and_ends_the_waiting() {
    let (_driver, _log) = connected().await;
    page_event("online", false);
    assert_eq!(packets(0).last().unwrap(), &["PingReq"]);

    let (driver, log) = new_driver(Some(ReconnectOptions {
        min: Duration::from_secs(60),
        ..ReconnectOptions::default()
    }));
    driver.command(|session, now| session.connect(now)).unwrap();
    turn().await;
    open(0, "mqtt");
    receive(0, &connack(ReasonCode::Success));
    drop_it(0, 1006, "");
    assert!(log.has("Waiting: connection-lost"), "{:?}", log.lines());
    for kind in ["online", "resume", "visibilitychange"] {
        let attempts = count();
        page_event(kind, false);
        assert_eq!(count(), attempts + 1, "{kind}");
        drop_it(attempts, 1006, "");
    }
}

#[wasm_bindgen_test]
async fn a_driver_that_is_gone_hears_nothing_of_the_page() {
    let (driver, _log) = connected().await;
    let sent_before = sent(0).len();
    drop(driver);
    page_event("online", false);
    page_event("pagehide", true);
    assert_eq!(sent(0).len(), sent_before);
}

#[wasm_bindgen_test]
async fn a_full_buffer_of_the_browser_holds_messages_back_until_it_has_drained() {
    let (driver, log) = connected().await;
    let topic = TopicName::new("a").unwrap();
    let payload = vec![0; 1_100_000];
    let publish = |len: usize| {
        let message = Outgoing::new(topic, &payload[..len]);
        driver
            .command(|session, now| session.publish(now, &message))
            .unwrap()
    };
    let left = || packets(0).iter().flatten().count() - 1;
    buffer(0, 512 * 1024 + 1);
    publish(600_000);
    turn().await;
    assert_eq!(left(), 1, "nobody has filled it yet");
    for _ in 0..10 {
        publish(100_000);
    }
    turn().await;
    assert_eq!(left(), 1);
    assert!(driver.is_writable(), "1 MiB may wait");
    publish(100_000);
    assert!(!driver.is_writable());
    assert!(!log.has("writable"));
    buffer(0, 0);
    while !log.has("writable") {
        turn().await;
    }
    assert!(driver.is_writable());
    assert_eq!(left(), 12);
    // It was empty too early, so that from now on it may hold twice as much.
    buffer(0, 1024 * 1024);
    publish(1_100_000);
    publish(1);
    turn().await;
    assert_eq!(left(), 14);
    buffer(0, 1024 * 1024 + 1);
    publish(1_100_000);
    publish(1);
    turn().await;
    assert_eq!(left(), 15);
}

/// Tests of pages stop the calendar and let everything else go on.
#[wasm_bindgen_test]
async fn a_calendar_that_stands_still_stops_no_timer() {
    let still = js_sys::Function::new_no_args(
        "const { now } = Date, today = now(); Date.now = () => today; return () => { Date.now = now; };",
    );
    let go_on: js_sys::Function = still.call0(&JsValue::NULL).unwrap().unchecked_into();
    let log = Log::default();
    install();
    let connect = ConnectOptions {
        connect_timeout: Duration::from_millis(20),
        reconnect: None,
        ..ConnectOptions::default()
    };
    let driver = Driver::new(driver_options(), connect, Box::new(log.clone())).unwrap();
    driver.command(|session, now| session.connect(now)).unwrap();
    while !log.has("Idle: connect-timeout") {
        turn().await;
    }
    go_on.call0(&JsValue::NULL).unwrap();
}

#[wasm_bindgen_test]
async fn what_is_overdue_is_noticed_by_whatever_comes() {
    install();
    let log = Log::default();
    let connect = ConnectOptions {
        connect_timeout: Duration::from_millis(1),
        reconnect: None,
        ..ConnectOptions::default()
    };
    let driver = Driver::new(driver_options(), connect, Box::new(log.clone())).unwrap();
    driver.command(|session, now| session.connect(now)).unwrap();
    // Not a turn of the event loop: timers have no chance.
    wasm_bindgen_futures::JsFuture::from(Promise::resolve(&JsValue::NULL))
        .await
        .unwrap();
    let start = js_sys::Date::now();
    while js_sys::Date::now() < start + 5.0 {}
    open(0, "mqtt");
    assert!(log.has("Idle: connect-timeout"), "{:?}", log.lines());
}
