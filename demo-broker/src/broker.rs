//! The broker itself: crate `mqtt5`, everything in memory, loopback only. Knows nothing of sensors.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use mqtt5::broker::config::{StorageBackend, StorageConfig, WebSocketConfig};
use mqtt5::broker::{BrokerConfig, MqttBroker};

/// A broker whose listeners are bound, not yet serving.
pub struct Bound {
    /// Serves when it is run.
    pub broker: MqttBroker,
    /// Where browsers connect.
    pub websocket: SocketAddr,
    /// Where the in-process publisher connects.
    pub tcp: SocketAddr,
}

/// Binds the listeners; port 0 takes any free one.
pub async fn bind(port: u16, path: &str) -> Result<Bound, String> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut config = BrokerConfig::default()
        // The crate opens a TCP listener whether or not one is wanted.
        .with_bind_address((Ipv4Addr::LOCALHOST, 0))
        // Without persistence it keeps no sessions at all; the default writes into the work directory.
        .with_storage(StorageConfig::default().with_backend(StorageBackend::Memory))
        .with_websocket(
            WebSocketConfig::new()
                .with_bind_address(address)
                .with_path(path),
        );
    // It announces 65,535 but closes the connection on the first alias used.
    config.topic_alias_maximum = 0;

    let broker = MqttBroker::with_config(config)
        .await
        .map_err(|error| format!("the broker did not start: {error}"))?;
    // A WebSocket listener that cannot bind is only a warning inside the crate.
    let websocket = broker.ws_local_addr().ok_or_else(|| why_not(address))?;
    let tcp = broker
        .local_addr()
        .ok_or("the broker has no TCP listener")?;
    Ok(Bound {
        broker,
        websocket,
        tcp,
    })
}

/// The crate does not say why a bind failed, so try again and look.
fn why_not(address: SocketAddr) -> String {
    let port = address.port();
    match TcpListener::bind(address).map_err(|error| error.kind()) {
        Err(ErrorKind::AddrInUse) => format!(
            "port {port} on 127.0.0.1 is taken by another program; stop it or choose another port with --port"
        ),
        Err(ErrorKind::PermissionDenied) => format!(
            "port {port} needs more rights than this user has; choose one above 1023 with --port"
        ),
        _ => {
            format!("port {port} on 127.0.0.1 could not be opened; choose another one with --port")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_taken_port_is_named_together_with_the_flag_that_changes_it() {
        let holder = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = holder.local_addr().unwrap().port();
        let error = bind(port, "/mqtt").await.err().unwrap();
        assert!(error.contains(&format!("port {port} ")), "{error}");
        assert!(error.contains("--port"), "{error}");
    }

    #[tokio::test]
    async fn port_zero_takes_a_free_port_of_the_loopback() {
        let bound = bind(0, "/mqtt").await.unwrap();
        assert!(bound.websocket.ip().is_loopback());
        assert_ne!(bound.websocket.port(), 0);
        assert!(bound.tcp.ip().is_loopback());
    }
}
