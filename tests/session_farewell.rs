//! How the application ends a connection in words of its own, and what it is not allowed to say.

mod pair;

use pair::*;
use webmqtt::codec::{
    Disconnect, EncodeError, Packet, PacketType, Properties, PropertiesBuf, Property, PropertyId,
    ReasonCode, Sender, Version,
};
use webmqtt::error::Error;
use webmqtt::session::{ConnectOptions, Session, State, WillOptions};

const EXPIRY: PropertyId = PropertyId::SessionExpiryInterval;

fn end(peer: &mut Scripted, reason: ReasonCode, properties: &PropertiesBuf) -> Result<(), Error> {
    peer.act(|session, now| session.disconnect_with(now, reason, properties.as_properties()))
}

/// Ends with these properties and gives the bytes of the DISCONNECT.
#[track_caller]
fn last_words(peer: &mut Scripted, reason: ReasonCode, list: &[Property<'_>]) -> Vec<u8> {
    end(peer, reason, &properties(list)).expect("an end that may be");
    assert_eq!(peer.state(), State::Closing);
    let frames = peer.expect_all(&[PacketType::Disconnect]);
    frames[0].bytes.clone()
}

/// ERR-09 [MQTT-3.14.2-1]
#[test]
fn every_code_of_a_client_and_no_other_can_be_the_last_word() {
    for &reason in ReasonCode::ALL {
        let mut peer = Scripted::connected(clean(Version::V5));
        let may = reason.legal_in(PacketType::Disconnect, Sender::Client);
        let result = end(&mut peer, reason, &PropertiesBuf::new());
        if may {
            assert_eq!(result, Ok(()), "{reason:?}");
            let frame = peer.expect(PacketType::Disconnect);
            let Packet::Disconnect(packet) = frame.packet() else {
                unreachable!()
            };
            assert_eq!(packet.reason, reason);
        } else {
            let refused = Err(Error::Encode(EncodeError::ReasonNotAllowed));
            assert_eq!(result, refused, "{reason:?}");
            // Nothing has happened.
            assert_eq!(peer.state(), State::Connected);
            peer.expect_silence();
        }
    }
}

/// ERR-09
#[test]
fn the_will_can_be_asked_for() {
    let mut peer = Scripted::connected(clean(Version::V5));
    let reason = ReasonCode::DisconnectWithWillMessage;
    assert_eq!(last_words(&mut peer, reason, &[]), [0xE0, 1, 4]);
    assert!(peer.audit.disconnect_sent());
}

/// ERR-09
#[test]
fn the_session_can_be_given_another_life_at_its_end() {
    for seconds in [0, 5, u32::MAX] {
        let mut peer = Scripted::connected(persistent(Version::V5));
        let property = [Property::FourByte(EXPIRY, seconds)];
        let bytes = last_words(&mut peer, ReasonCode::Success, &property);
        let mut expected = vec![0xE0, 7, 0, 5, 0x11];
        expected.extend_from_slice(&seconds.to_be_bytes());
        assert_eq!(bytes, expected);
    }
}

/// ERR-09
#[test]
fn a_session_that_ends_with_its_connection_stays_so() {
    let mut peer = Scripted::connected(clean(Version::V5));
    let later = properties(&[Property::FourByte(EXPIRY, 1)]);
    let result = end(&mut peer, ReasonCode::Success, &later);
    assert_eq!(result, Err(Error::SessionExpiry));
    assert_eq!(peer.state(), State::Connected);
    peer.expect_silence();
    // Zero again is no change.
    let zero = [Property::FourByte(EXPIRY, 0)];
    let bytes = last_words(&mut peer, ReasonCode::Success, &zero);
    assert_eq!(bytes, [0xE0, 7, 0, 5, 0x11, 0, 0, 0, 0]);
}

#[test]
fn texts_and_user_properties_are_sent_as_they_are() {
    let mut peer = Scripted::connected(persistent(Version::V5));
    let list = [
        Property::FourByte(EXPIRY, 9),
        Property::Text(PropertyId::ReasonString, "good night"),
        Property::Pair("panel", "7"),
        Property::Pair("panel", "8"),
    ];
    end(&mut peer, ReasonCode::Success, &properties(&list)).unwrap();
    let frame = peer.expect(PacketType::Disconnect);
    let Packet::Disconnect(packet) = frame.packet() else {
        unreachable!()
    };
    assert!(packet.properties.iter().eq(list));
}

#[test]
fn properties_of_a_server_or_of_other_packets_are_refused() {
    for property in [
        Property::Text(PropertyId::ServerReference, "other.example"),
        Property::FourByte(PropertyId::MessageExpiryInterval, 1),
        Property::TwoByte(PropertyId::TopicAlias, 1),
    ] {
        let mut peer = Scripted::connected(persistent(Version::V5));
        let result = end(&mut peer, ReasonCode::Success, &properties(&[property]));
        let refused = Error::Encode(EncodeError::PropertyNotAllowed);
        assert_eq!(result, Err(refused), "{property:?}");
        assert_eq!(peer.state(), State::Connected);
    }
}

#[test]
fn a_disconnect_of_3_1_1_has_no_words() {
    let mut peer = Scripted::connected(clean(Version::V4));
    let text = properties(&[Property::Text(PropertyId::ReasonString, "x")]);
    let result = end(&mut peer, ReasonCode::Success, &text);
    let refused = Error::Encode(EncodeError::PropertiesNotInVersion);
    assert_eq!(result, Err(refused));
    let with_will = ReasonCode::DisconnectWithWillMessage;
    let result = end(&mut peer, with_will, &PropertiesBuf::new());
    assert_eq!(result, Err(Error::Encode(EncodeError::ReasonNotAllowed)));
    assert_eq!(peer.state(), State::Connected);
    assert_eq!(last_words(&mut peer, ReasonCode::Success, &[]), [0xE0, 0]);
}

/// LIM-12 [MQTT-3.14.2-3] [MQTT-3.14.2-4]
#[test]
fn texts_are_left_out_where_the_server_has_no_room_for_them() {
    let texts = [
        Property::Text(PropertyId::ReasonString, "why"),
        Property::FourByte(EXPIRY, 9),
        Property::Pair("a", "b"),
    ];
    let whole = {
        let mut peer = Scripted::connected(persistent(Version::V5));
        last_words(&mut peer, ReasonCode::UnspecifiedError, &texts)
    };
    let at = |size: usize| {
        let limit = [Property::FourByte(
            PropertyId::MaximumPacketSize,
            size as u32,
        )];
        Scripted::connected_with(persistent(Version::V5), &limit)
    };
    let mut peer = at(whole.len());
    let fits = last_words(&mut peer, ReasonCode::UnspecifiedError, &texts);
    assert_eq!(fits, whole);
    for size in [whole.len() - 1, 9] {
        let short = last_words(&mut at(size), ReasonCode::UnspecifiedError, &texts);
        assert_eq!(short, [0xE0, 7, 0x80, 5, 0x11, 0, 0, 0, 9]);
    }
    // What the application asked of the session is no text.
    let mut peer = at(8);
    let result = end(&mut peer, ReasonCode::Success, &properties(&texts));
    assert_eq!(result, Err(Error::PacketTooLarge));
    assert_eq!(peer.state(), State::Connected);
    assert_eq!(last_words(&mut peer, ReasonCode::Success, &[]), [0xE0, 0]);
}

/// ERR-08
#[test]
fn last_words_leave_behind_what_may_still_leave() {
    for stuck in [false, true] {
        let mut peer = Scripted::connected(persistent(Version::V5));
        peer.stalled = true;
        let token = peer.publish("t", "x", QOS0);
        let reason = ReasonCode::DisconnectWithWillMessage;
        end(&mut peer, reason, &PropertiesBuf::new()).unwrap();
        if stuck {
            // The socket took nothing for as long as we wait: the last words go all the same.
            peer.advance(1_000);
            assert_eq!(peer.published(token), Some(Err(Error::Closed)));
            continue;
        }
        peer.stalled = false;
        peer.drain();
        let sent = peer.expect_all(&[PacketType::Publish, PacketType::Disconnect]);
        assert_eq!(sent[1].bytes, [0xE0, 1, 4]);
        // The end stays as it is, and nothing more is said.
        assert_eq!(
            end(&mut peer, ReasonCode::Success, &PropertiesBuf::new()),
            Ok(())
        );
        peer.expect_silence();
        peer.cut();
        assert_eq!(peer.state(), State::Closed);
        assert_eq!(
            end(&mut peer, ReasonCode::Success, &PropertiesBuf::new()),
            Ok(())
        );
    }
}

#[test]
fn without_a_connection_there_is_nobody_to_tell() {
    let words = properties(&[Property::Text(PropertyId::ReasonString, "x")]);
    let mut idle = Scripted::new(persistent(Version::V5));
    let mut connecting = Scripted::new(persistent(Version::V5));
    connecting.connect();
    let mut waiting = Scripted::connected(persistent(Version::V5));
    waiting.cut();
    for peer in [&mut idle, &mut connecting, &mut waiting] {
        // What could never be said is refused here, too.
        let refused = end(peer, ReasonCode::SessionTakenOver, &words);
        assert_eq!(refused, Err(Error::Encode(EncodeError::ReasonNotAllowed)));
        assert_eq!(end(peer, ReasonCode::Success, &words), Ok(()));
        assert_eq!(peer.state(), State::Closed);
        assert_eq!(peer.deadline(), None);
        peer.expect_silence();
    }
}

#[test]
fn the_broker_keeps_the_session_as_long_as_the_last_words_say() {
    for (list, at_once, later) in [
        (&[][..], true, true),
        (&[Property::FourByte(EXPIRY, 0)], false, false),
        (&[Property::FourByte(EXPIRY, 100)], true, false),
    ] {
        let mut net = Net::connected(persistent(Version::V5), Settings::default());
        let list = properties(list);
        let result = net.client.act(|session, now| {
            session.disconnect_with(now, ReasonCode::Success, list.as_properties())
        });
        assert_eq!(result, Ok(()));
        net.run(99_000);
        assert_eq!(net.client.state(), State::Closed);
        assert_eq!(net.broker.sessions.contains_key("tester"), at_once);
        net.run(2_000);
        assert_eq!(net.broker.sessions.contains_key("tester"), later);
    }
}

/// [MQTT-3.14.4-3]
#[test]
fn the_broker_publishes_the_will_after_every_end_but_a_normal_one() {
    for (reason, times) in [
        (ReasonCode::Success, 0),
        (ReasonCode::DisconnectWithWillMessage, 1),
        (ReasonCode::AdministrativeAction, 1),
    ] {
        let options = ConnectOptions {
            will: Some(WillOptions {
                topic: "will".into(),
                payload: b"gone".to_vec(),
                qos: QOS1,
                retain: false,
                properties: PropertiesBuf::new(),
            }),
            ..clean(Version::V5)
        };
        let mut net = Net::connected(options, Settings::default());
        let result = net
            .client
            .act(|session, now| session.disconnect_with(now, reason, Properties::EMPTY));
        assert_eq!(result, Ok(()));
        net.run(5_000);
        assert_eq!(net.broker.times_accepted("gone"), times, "{reason:?}");
    }
}

/// ERR-08: why the server ended it is news, also to who was about to.
#[test]
fn a_disconnect_of_the_server_while_we_end_is_told() {
    for (reason, cause) in [
        (
            ReasonCode::ServerShuttingDown,
            Some(Error::ServerDisconnect(ReasonCode::ServerShuttingDown)),
        ),
        (ReasonCode::SessionTakenOver, Some(Error::SessionTakenOver)),
        // As we do.
        (ReasonCode::Success, None),
    ] {
        let mut peer = Scripted::connected(persistent(Version::V5));
        let token = peer.publish("t", "x", QOS1);
        peer.expect(PacketType::Publish);
        peer.act(Session::disconnect);
        assert_eq!(peer.state(), State::Closing);
        let text = properties(&[Property::Text(PropertyId::ReasonString, "at night")]);
        peer.send(&Packet::Disconnect(Disconnect {
            reason,
            properties: text.as_properties(),
        }));
        let change = peer.change();
        assert_eq!((change.state, change.cause), (State::Closed, cause));
        if cause.is_some() {
            assert_eq!(change.reason_string(), Some("at night"));
        }
        assert_eq!(peer.published(token), Some(Err(Error::Closed)));
    }
    // That the connection is gone is what we wanted.
    let mut peer = Scripted::connected(persistent(Version::V5));
    peer.act(Session::disconnect);
    peer.cut();
    assert_eq!(
        (peer.change().state, peer.change().cause),
        (State::Closed, None)
    );
}
