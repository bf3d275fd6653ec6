//! Where there is no browser: the session without a transport and without a clock. Every attempt to connect fails, and
//! nothing else happens, so an application's own tests can have a client.

use alloc::string::String;
use alloc::vec::Vec;
use core::cell::RefCell;

use super::LinkOptions;
use crate::client::api::collector::Collector;
use crate::session::{Session, Transmit, TransportOp};
use crate::time::Instant;

const NOW: Instant = Instant::from_millis(0);

pub(in crate::client::api) struct Link {
    inner: RefCell<(Session, Collector)>,
    options: LinkOptions,
}

impl Link {
    pub(in crate::client::api) fn new(
        options: LinkOptions,
        session: Session,
        collector: Collector,
    ) -> Self {
        Self {
            inner: RefCell::new((session, collector)),
            options,
        }
    }

    pub(in crate::client::api) fn command<R>(
        &self,
        command: impl FnOnce(&mut Session, Instant) -> R,
    ) -> R {
        command(&mut self.inner.borrow_mut().0, NOW)
    }

    pub(in crate::client::api) fn read<R>(&self, getter: impl FnOnce(&Session) -> R) -> R {
        getter(&self.inner.borrow().0)
    }

    pub(in crate::client::api) fn url(&self) -> Option<String> {
        self.options
            .urls
            .get(self.read(Session::server) as usize)
            .cloned()
    }

    /// Drains the session; in a page the driver does so in a microtask.
    pub(in crate::client::api) fn turn(&self) {
        let delivery = {
            let (session, collector) = &mut *self.inner.borrow_mut();
            loop {
                let mut progress = false;
                while let Some(event) = session.poll_event() {
                    collector.event(event);
                    progress = true;
                }
                progress |= session.poll_transmit(&mut Vec::new(), usize::MAX) == Transmit::Data;
                while let Some(op) = session.poll_transport() {
                    if op == TransportOp::Open {
                        session.handle_closed(NOW);
                    }
                    progress = true;
                }
                if !progress {
                    break;
                }
            }
            collector.take()
        };
        if let Some(deliver) = delivery {
            deliver();
        }
    }
}

/// Nobody will ever see it.
pub(in crate::client::api) fn seed() -> u64 {
    0
}
