//! The others, each used as its own client uses it.

pub mod mqtt5;
pub mod protocol_core;
pub mod rmqtt;
pub mod rumqttc;
