//! The client where there is no browser, as an application's `cargo test` has it: everything is there, nothing connects.
#![cfg(all(feature = "client", not(feature = "js")))]

use std::cell::RefCell;
use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use webmqtt::client::{ClientEvent, CredentialRequest};
use webmqtt::codec::TopicError;
use webmqtt::{Client, ClientBuilder, Error, Message, QoS, State, StateChange, Version, Will};

const URL: &str = "wss://broker.test/mqtt";

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// What a future that is done gives.
fn now<F: Future>(future: F) -> F::Output {
    match poll(pin!(future)) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}

fn client() -> Client {
    Client::builder(URL).client_id("host").build().unwrap()
}

#[test]
fn an_attempt_to_connect_fails_and_can_be_repeated() {
    let client = client();
    assert_eq!(client.state(), State::Idle);
    for _ in 0..2 {
        assert_eq!(now(client.connect()), Err(Error::Unreachable));
        assert_eq!(client.state(), State::Idle);
    }
    let change = client.last_change().unwrap();
    assert_eq!(
        (change.previous, change.cause),
        (State::Connecting, Some(Error::Unreachable))
    );
}

#[test]
fn what_is_queued_waits_and_ends_with_the_client() {
    let client = client();
    let mut settled = pin!(client.publish("a", "1").qos(QoS::AtLeastOnce).into_future());
    client.publish("a", b"2").queue().unwrap();
    assert!(poll(settled.as_mut()).is_pending());
    assert_eq!(client.queued().0, 2);
    now(client.disconnect());
    assert_eq!(poll(settled.as_mut()), Poll::Ready(Err(Error::Closed)));
    assert_eq!(now(client.connect()), Err(Error::Closed));
    assert_eq!(client.publish("a", "3").queue(), Err(Error::Closed));
}

#[test]
fn what_cannot_be_published_is_told_at_once() {
    let client = client();
    let wildcard = Err(Error::Topic(TopicError::Wildcard));
    assert_eq!(client.publish("a/+", "").queue(), wildcard);
    assert_eq!(
        now(client.publish("a/+", "").into_future()).err(),
        wildcard.err()
    );
    let expiry = client.publish("a", "").expiry(1).expiry(2);
    assert_eq!(
        expiry.queue(),
        Err(Error::Option),
        "a property that may not repeat"
    );
    let filter = now(client.subscribe("a/#/b", QoS::AtMostOnce).into_future());
    let hash = Error::Topic(TopicError::MultiLevelWildcard);
    assert_eq!(filter.err(), Some(hash));
}

#[test]
fn options_out_of_their_range_are_refused() {
    let refused = |builder: ClientBuilder| builder.build().err();
    for url in ["http://a", "broker", "", "ws://a b", "wss://"] {
        assert_eq!(
            refused(Client::builder(url)),
            Some(Error::Option),
            "{url:?}"
        );
    }
    let good = || Client::builder(URL);
    assert_eq!(refused(good().server("mqtt://b")), Some(Error::Option));
    assert_eq!(
        refused(good().connect_timeout(Duration::ZERO)),
        Some(Error::Option)
    );
    assert_eq!(refused(good().receive_maximum(0)), Some(Error::Option));
    assert!(matches!(
        refused(good().client_id("a\0b")),
        Some(Error::Encode(_))
    ));
    let topic = refused(good().will(Will::new("a/#", "")));
    assert_eq!(topic, Some(Error::Topic(TopicError::Wildcard)));
    let twice = Will::new("a", "").delay(1).delay(2);
    assert_eq!(refused(good().will(twice)), Some(Error::Option));
}

#[test]
fn a_session_that_is_kept_needs_no_expiry_in_either_version() {
    for version in [Version::V5, Version::V4, Version::V3] {
        let kept = Client::builder(URL)
            .version(version)
            .client_id("a")
            .clean(false);
        assert!(kept.build().is_ok(), "{version:?}");
    }
}

#[test]
fn clones_are_equal_and_others_are_not() {
    let one = client();
    assert_eq!(one, one.clone());
    assert_ne!(one, client());
}

#[test]
fn messages_errors_and_changes_may_change_threads() {
    fn may<T: Send + Sync + 'static>() {}
    may::<Message>();
    may::<Error>();
    may::<StateChange>();
    may::<ClientEvent>();
}

#[test]
fn nothing_that_is_printed_shows_a_password() {
    let client = Client::builder(URL)
        .username("user")
        .password("secret")
        .build()
        .unwrap();
    let shown = format!("{client:?}");
    assert!(
        shown.contains("webmqtt-") && !shown.contains("secret"),
        "{shown}"
    );
}

#[test]
fn streams_end_when_the_last_clone_is_dropped() {
    let client = client();
    let clone = client.clone();
    let mut states = client.states();
    let mut messages = client.subscribe("a", QoS::AtMostOnce).declare().unwrap();
    drop(client);
    assert!(poll(pin!(messages.next())).is_pending());
    drop(clone);
    assert_eq!(now(messages.next()), None);
    assert_eq!(now(messages.granted()), Err(Error::Closed));
    let change = now(states.next()).unwrap();
    assert_eq!((change.state, change.cause), (State::Closed, None));
    assert!(now(states.next()).is_none());
    assert_eq!(now(messages.unsubscribe()), Err(Error::Closed));
}

#[test]
fn a_stream_of_states_that_nobody_reads_keeps_the_latest() {
    let client = client();
    let mut states = client.states();
    for _ in 0..200 {
        drop(client.connect());
    }
    let mut count = 0;
    while let Poll::Ready(Some(_)) = poll(pin!(states.next())) {
        count += 1;
    }
    assert_eq!(count, 256);
}

#[test]
fn credentials_are_asked_for_before_every_attempt() {
    let asked = Rc::new(RefCell::new(Vec::<CredentialRequest>::new()));
    let requests = asked.clone();
    let client = Client::builder(URL)
        .credentials(move |request| requests.borrow_mut().push(request))
        .build()
        .unwrap();
    let mut connected = pin!(client.connect());
    assert!(poll(connected.as_mut()).is_pending());
    let request = asked.borrow_mut().pop().unwrap();
    assert!(!request.refused());
    request.answer(Some("user".into()), None).unwrap();
    assert_eq!(poll(connected), Poll::Ready(Err(Error::Unreachable)));

    let mut connected = pin!(client.connect());
    assert!(poll(connected.as_mut()).is_pending());
    asked.borrow_mut().clear();
    assert_eq!(poll(connected), Poll::Ready(Err(Error::Credentials)));
}

#[test]
fn an_answer_that_comes_too_late_changes_nothing() {
    let asked = Rc::new(RefCell::new(Vec::<CredentialRequest>::new()));
    let requests = asked.clone();
    let client = Client::builder(URL)
        .credentials(move |request| requests.borrow_mut().push(request))
        .build()
        .unwrap();
    drop(client.connect());
    client.stop();
    let mut connected = pin!(client.connect());
    assert!(poll(connected.as_mut()).is_pending());
    let old = asked.borrow_mut().remove(0);
    drop(old);
    assert!(
        poll(connected.as_mut()).is_pending(),
        "the question of the second attempt is open"
    );
}
