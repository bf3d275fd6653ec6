//! What the codec costs, in instructions and in time, and what others cost with the same bytes.
//!
//! `count` runs everything once between two marks for callgrind, `benches/codec.rs` measures time. `cargo xtask bench
//! --native` runs both and prints the table. This package is none of the SDK's: nothing of it is in the module.

pub mod cases;
#[cfg(feature = "peers")]
mod peers;
mod trie;
mod webmqtt_codec;

use cases::Case;
use webmqtt::codec::Version;

/// Something to measure.
pub struct Work {
    /// `decode`, `encode`, `frame` or `match`.
    pub group: &'static str,
    pub case: String,
    pub codec: &'static str,
    /// How many packets one run takes.
    pub packets: usize,
    pub run: Box<dyn Run>,
}

/// A run, and what has to be there before it, which does not count.
pub trait Run {
    fn prepare(&mut self);
    fn run(&mut self);
}

/// A codec as all of them can be used: bytes in, bytes out.
pub trait Codec: 'static {
    const NAME: &'static str;
    /// Received bytes, as this codec wants them.
    type Input;
    /// A packet to be encoded.
    type Packet;
    /// Where encoded bytes go.
    type Output: AsRef<[u8]>;

    fn input(bytes: &[u8]) -> Self::Input;
    /// Decodes every packet; how many there were, or `None` if one is not understood.
    fn decode(version: Version, input: &mut Self::Input) -> Option<usize>;
    /// A packet as an application would make it; `None` if this codec does not have it.
    fn packet(version: Version, bytes: &'static [u8]) -> Option<Self::Packet>;
    fn output(capacity: usize) -> Self::Output;
    fn encode(version: Version, packet: &Self::Packet, output: &mut Self::Output) -> Option<()>;
    /// Finds the end of every packet without looking into it; `None` if the codec cannot do that alone.
    fn frame(_version: Version, _bytes: &[u8]) -> Option<usize> {
        None
    }
}

struct Decode<C: Codec> {
    version: Version,
    stream: Vec<u8>,
    input: Option<C::Input>,
}

impl<C: Codec> Run for Decode<C> {
    fn prepare(&mut self) {
        self.input = Some(C::input(&self.stream));
    }

    fn run(&mut self) {
        let input = self.input.as_mut().expect("prepared");
        std::hint::black_box(C::decode(self.version, input));
    }
}

struct Encode<C: Codec> {
    version: Version,
    packet: C::Packet,
    count: usize,
    capacity: usize,
    output: Option<C::Output>,
}

impl<C: Codec> Run for Encode<C> {
    fn prepare(&mut self) {
        self.output = Some(C::output(self.capacity));
    }

    fn run(&mut self) {
        let output = self.output.as_mut().expect("prepared");
        for _ in 0..self.count {
            let _ = C::encode(self.version, std::hint::black_box(&self.packet), output);
        }
        std::hint::black_box(output.as_ref());
    }
}

struct Frame<C: Codec> {
    version: Version,
    stream: Vec<u8>,
    codec: std::marker::PhantomData<C>,
}

impl<C: Codec> Run for Frame<C> {
    fn prepare(&mut self) {}

    fn run(&mut self) {
        std::hint::black_box(C::frame(self.version, std::hint::black_box(&self.stream)));
    }
}

/// Everything that this codec can do, after it was seen that it does it. What it cannot is told.
fn add<C: Codec>(works: &mut Vec<Work>, left_out: &mut Vec<String>) {
    for case in cases::all() {
        let Case { version, .. } = case;
        let bytes: &'static [u8] = case.bytes.clone().leak();
        let packets = case.count();
        let stream = bytes.repeat(packets);
        let title = case.title();
        let mut input = C::input(&stream);
        let decoded = quietly(|| C::decode(version, &mut input)).flatten();
        if decoded == Some(packets) {
            works.push(Work {
                group: "decode",
                case: title.clone(),
                codec: C::NAME,
                packets,
                run: Box::new(Decode::<C> {
                    version,
                    stream: stream.clone(),
                    input: None,
                }),
            });
        } else {
            left_out.push(format!("{} does not decode {title}", C::NAME));
        }
        let packet = quietly(|| C::packet(version, bytes)).flatten();
        let written = packet.and_then(|packet| {
            let mut output = C::output(bytes.len());
            quietly(|| C::encode(version, &packet, &mut output)).flatten()?;
            // Who writes something else does another work.
            (output.as_ref() == bytes).then_some(packet)
        });
        if let Some(packet) = written {
            works.push(Work {
                group: "encode",
                case: title.clone(),
                codec: C::NAME,
                packets,
                run: Box::new(Encode::<C> {
                    version,
                    packet,
                    count: packets,
                    // Some reserve more than they need; what they reserve is not measured.
                    capacity: stream.len() + 1024,
                    output: None,
                }),
            });
        } else {
            left_out.push(format!(
                "{} does not encode {title} to these bytes",
                C::NAME
            ));
        }
        if case.name.starts_with("PUBLISH, QoS 0") && C::frame(version, &stream) == Some(packets) {
            works.push(Work {
                group: "frame",
                case: title,
                codec: C::NAME,
                packets,
                run: Box::new(Frame::<C> {
                    version,
                    stream,
                    codec: std::marker::PhantomData,
                }),
            });
        }
    }
}

/// Other people's code may panic on what it does not know.
fn quietly<T>(work: impl FnOnce() -> T) -> Option<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).ok()
}

/// Everything there is to measure, and in words what is left out.
pub fn works() -> (Vec<Work>, Vec<String>) {
    let (mut works, mut left_out) = (Vec::new(), Vec::new());
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    add::<webmqtt_codec::Webmqtt>(&mut works, &mut left_out);
    #[cfg(feature = "peers")]
    {
        add::<peers::rumqttc::Rumqttc>(&mut works, &mut left_out);
        add::<peers::protocol_core::ProtocolCore>(&mut works, &mut left_out);
        add::<peers::mqtt5::Mqtt5>(&mut works, &mut left_out);
        add::<peers::rmqtt::Rmqtt>(&mut works, &mut left_out);
    }
    std::panic::set_hook(hook);
    trie::add(&mut works);
    (works, left_out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_codec_does_every_case() {
        let (works, left_out) = works();
        let ours: Vec<_> = left_out
            .iter()
            .filter(|what| what.starts_with("webmqtt"))
            .collect();
        assert!(ours.is_empty(), "{ours:?}");
        assert!(works.iter().any(|work| work.group == "match"));
    }
}
