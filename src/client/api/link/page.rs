//! The driver as a link.

use alloc::boxed::Box;
use alloc::string::String;

use super::LinkOptions;
use crate::client::api::collector::Collector;
use crate::client::{CloseInfo, Delivery, Driver, DriverOptions, Sink};
use crate::session::{Event, Session};
use crate::time::Instant;

pub(in crate::client::api) struct Link(Driver);

impl Link {
    pub(in crate::client::api) fn new(
        options: LinkOptions,
        session: Session,
        collector: Collector,
    ) -> Self {
        let options = DriverOptions {
            urls: options.urls,
            subprotocol: options.subprotocol,
            seed: options.seed,
            keep_when_put_away: options.keep_when_put_away,
        };
        Self(Driver::with_session(options, session, Box::new(collector)))
    }

    pub(in crate::client::api) fn command<R>(
        &self,
        command: impl FnOnce(&mut Session, Instant) -> R,
    ) -> R {
        self.0.command(command)
    }

    pub(in crate::client::api) fn read<R>(&self, getter: impl FnOnce(&Session) -> R) -> R {
        self.0.read(getter)
    }

    pub(in crate::client::api) fn url(&self) -> Option<String> {
        self.0.url()
    }

    /// The driver drains the session by itself.
    pub(in crate::client::api) fn turn(&self) {}
}

impl Sink for Collector {
    fn collect(&mut self, event: Event<'_>) {
        self.event(event);
    }

    fn closed(&mut self, info: CloseInfo) {
        self.close = Some(info);
    }

    fn writable(&mut self) {}

    fn delivery(&mut self) -> Option<Delivery> {
        self.take()
    }
}

/// For jitter and the generated client identifier.
pub(in crate::client::api) fn seed() -> u64 {
    let random = js_sys::Math::random() * (1u64 << 53) as f64;
    random as u64 ^ (js_sys::Date::now() as u64).rotate_left(40)
}
