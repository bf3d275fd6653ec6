//! rumqttd in the foreground, on loopback, without accounts; it keeps everything in memory.
//!
//! `webmqtt-rumqttd PORT PLAIN_PORT [TLS_PORT CERTIFICATE KEY]`

use std::collections::HashMap;
use std::env;
use std::net::{Ipv4Addr, SocketAddr};

use rumqttd::{Broker, Config, ConnectionSettings, RouterConfig, ServerSettings, TlsConfig};

/// Bytes of the largest payload.
const LARGEST: usize = 4 * 1024 * 1024;

fn listener(name: &str, port: u16, tls: Option<TlsConfig>) -> (String, ServerSettings) {
    let settings = ServerSettings {
        name: name.to_owned(),
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        tls,
        next_connection_delay_ms: 1,
        connections: ConnectionSettings {
            connection_timeout_ms: 60_000,
            max_payload_size: LARGEST,
            max_inflight_count: 500,
            auth: None,
            external_auth: None,
            dynamic_filters: true,
        },
    };
    (name.to_owned(), settings)
}

fn main() {
    let words: Vec<String> = env::args().skip(1).collect();
    let port = |at: usize| words.get(at).and_then(|word| word.parse().ok());
    let (Some(web), Some(plain)) = (port(0), port(1)) else {
        eprintln!("usage: webmqtt-rumqttd PORT PLAIN_PORT [TLS_PORT CERTIFICATE KEY]");
        std::process::exit(2);
    };
    let mut ws = HashMap::from([listener("ws", web, None)]);
    if let (Some(tls), Some(certificate), Some(key)) = (port(2), words.get(3), words.get(4)) {
        let files = TlsConfig::Rustls {
            capath: None,
            certpath: certificate.clone(),
            keypath: key.clone(),
        };
        ws.extend([listener("wss", tls, Some(files))]);
    }
    let config = Config {
        router: RouterConfig {
            max_connections: 10_000,
            max_outgoing_packet_count: 200,
            max_segment_size: 100 * 1024 * 1024,
            max_segment_count: 10,
            ..RouterConfig::default()
        },
        v4: Some(HashMap::from([listener("tcp", plain, None)])),
        ws: Some(ws),
        ..Config::default()
    };
    if let Err(error) = Broker::new(config).start() {
        eprintln!("webmqtt-rumqttd: {error}");
        std::process::exit(1);
    }
}
