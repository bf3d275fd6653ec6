//! The browser under a driver of Rust's own: one socket, one timer, microtasks, and what the page lives through.
//!
//! Nothing about MQTT is known here. For the npm package the same is done in TypeScript; see `facade.rs`.

use alloc::boxed::Box;
use alloc::rc::Weak;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::RefCell;

use js_sys::{Function, Uint8Array};
use wasm_bindgen::prelude::*;

use super::driver::{Inner, SocketEvent, enter};
use super::env::Environment;
use super::socket::{Socket, Word};
use crate::session::redirect;
use crate::time::Instant;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = queueMicrotask)]
    fn queue_microtask(callback: &Closure<dyn FnMut()>);
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(callback: &Closure<dyn FnMut()>, delay: f64) -> JsValue;
    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(id: &JsValue);
}

pub struct Browser {
    driver: Weak<RefCell<Inner>>,
    socket: Option<Socket>,
    opener: Option<Function>,
    /// Sockets that are done with are dropped later: the handler of one can be the caller.
    retired: Vec<Socket>,
    /// Number of the current socket; events of earlier ones are ignored.
    generation: u32,
    /// What has come and was not taken.
    received: Option<Uint8Array>,
    on_timer: Closure<dyn FnMut()>,
    timer: Option<JsValue>,
    on_microtask: Closure<dyn FnMut()>,
    _environment: Environment,
}

/// As [`enter`], if the driver still exists.
fn happen(driver: &Weak<RefCell<Inner>>, exact: bool, act: impl FnOnce(&mut Inner, Instant)) {
    if let Some(driver) = driver.upgrade() {
        enter(&driver, exact, |inner, now| {
            inner.platform.retired.clear();
            act(inner, now);
        });
    }
}

/// Where a Server Reference sends whoever comes from this URL, or else the URL.
pub(super) fn resolved(url: &str, reference: Option<&str>) -> Option<String> {
    match reference {
        Some(reference) => redirect::resolve(url, reference),
        None => Some(url.into()),
    }
}

impl Browser {
    pub(super) fn new(driver: Weak<RefCell<Inner>>) -> Self {
        let (for_timer, for_microtask, for_changes) =
            (driver.clone(), driver.clone(), driver.clone());
        Self {
            driver,
            socket: None,
            opener: None,
            retired: Vec::new(),
            generation: 0,
            received: None,
            on_timer: Closure::wrap(Box::new(move || {
                happen(&for_timer, true, Inner::timer_fired)
            })),
            timer: None,
            on_microtask: Closure::wrap(Box::new(move || {
                happen(&for_microtask, false, Inner::microtask);
            })),
            _environment: Environment::listen(move |change| {
                happen(&for_changes, true, |inner, now| inner.changed(change, now));
            }),
        }
    }

    pub(super) fn open_with(&mut self, opener: Function) {
        self.opener = Some(opener);
    }

    /// Opens a socket to where a Server Reference sends whoever comes from this URL, or else to the URL. False if the
    /// browser refuses it at once; `None` if nothing in the reference can be used.
    pub(super) fn open(
        &mut self,
        url: &str,
        reference: Option<&str>,
        subprotocol: &str,
    ) -> Option<bool> {
        let url = resolved(url, reference)?;
        self.generation = self.generation.wrapping_add(1);
        let (driver, generation) = (self.driver.clone(), self.generation);
        let hear = move |word| {
            let exact = !matches!(word, Word::Bytes(_));
            happen(&driver, exact, |inner, now| {
                if inner.platform.generation == generation {
                    let event = inner.platform.understand(word);
                    inner.socket_event(event, now);
                }
            });
        };
        self.socket = Socket::open(&url, subprotocol, self.opener.as_ref(), hear).ok();
        Some(self.socket.is_some())
    }

    fn understand(&mut self, word: Word) -> SocketEvent {
        match word {
            Word::Open => {
                let subprotocol = self.socket.as_ref().map(Socket::opened);
                SocketEvent::Open(subprotocol.unwrap_or_default())
            }
            Word::Bytes(bytes) => {
                let count = bytes.length() as usize;
                self.received = Some(bytes);
                SocketEvent::Bytes(count)
            }
            Word::Text => SocketEvent::Text,
            Word::Closed(info) => SocketEvent::Closed(info),
        }
    }

    /// Copies what has come, which is so long.
    pub(super) fn take(&mut self, to: &mut [u8]) {
        if let Some(bytes) = self.received.take() {
            bytes.copy_to(to);
        }
    }

    pub(super) fn send(&self, bytes: &[u8]) {
        if let Some(socket) = &self.socket {
            socket.send(bytes);
        }
    }

    /// How many bytes the browser has taken and not yet sent.
    pub(super) fn buffered(&self) -> u32 {
        self.socket.as_ref().map_or(0, Socket::buffered)
    }

    /// Closes the socket and hears nothing more of it, one of whose handlers may be running.
    pub(super) fn shut(&mut self) {
        self.generation = self.generation.wrapping_add(1);
        if let Some(socket) = self.socket.take() {
            socket.shut();
            self.retired.push(socket);
        }
    }

    pub(super) fn set_timer(&mut self, delay: f64) {
        self.timer = Some(set_timeout(&self.on_timer, delay));
    }

    pub(super) fn clear_timer(&mut self) {
        if let Some(timer) = self.timer.take() {
            clear_timeout(&timer);
        }
    }

    pub(super) fn queue_microtask(&self) {
        queue_microtask(&self.on_microtask);
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.clear_timer();
    }
}
