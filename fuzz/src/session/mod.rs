//! A session whose server, network, clock and application all do what the bytes say.
//!
//! [`script`] reads the bytes, [`server`] makes packets of them, [`host`] keeps the session's contract and watches that
//! the session keeps its own. The auditor of the project's tests looks at every byte that leaves.

mod host;
mod script;
mod server;

/// Options, then steps: see `script`.
pub fn run(data: &[u8]) {
    script::run(data);
}
