//! A session in a web page or worker: the browser's WebSocket, timer and clock around it.
//!
//! The only layer that touches the browser. It knows the session and nothing of who uses it: events go to a [`Sink`].

mod clock;
mod driver;
mod env;
mod socket;
mod timer;

pub use clock::now;
#[cfg(feature = "store")]
pub use clock::wall_now;
pub use driver::{Delivery, Driver, DriverOptions, Sink};
pub use socket::CloseInfo;
