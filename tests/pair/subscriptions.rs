//! What a SUBSCRIBE or UNSUBSCRIBE asks for.

use webmqtt::codec::{Packet, PacketType, SubscribeOptions};

use super::{Frame, Scripted, suback};

/// The filters and options of a SUBSCRIBE.
#[track_caller]
pub fn filters(frame: &Frame) -> Vec<(String, SubscribeOptions)> {
    match frame.packet() {
        Packet::Subscribe(subscribe) => subscribe
            .filters
            .iter()
            .map(|(filter, options)| (filter.as_str().to_owned(), options))
            .collect(),
        other => panic!("not a SUBSCRIBE: {other:?}"),
    }
}

/// The filters of a SUBSCRIBE or UNSUBSCRIBE.
#[track_caller]
pub fn names(frame: &Frame) -> Vec<String> {
    match frame.packet() {
        Packet::Unsubscribe(unsubscribe) => unsubscribe
            .filters
            .iter()
            .map(|filter| filter.as_str().to_owned())
            .collect(),
        _ => filters(frame).into_iter().map(|(name, _)| name).collect(),
    }
}

/// Grants the SUBSCRIBE that is next, whatever it asks for.
#[track_caller]
pub fn grant(peer: &mut Scripted) -> Vec<String> {
    let frame = peer.expect(PacketType::Subscribe);
    let codes: Vec<u8> = filters(&frame)
        .iter()
        .map(|(_, options)| options.qos.as_u8())
        .collect();
    peer.send(&suback(frame.id(), &codes));
    names(&frame)
}
