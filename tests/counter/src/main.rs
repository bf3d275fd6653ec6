//! A native MQTT client (rumqttc) at the end of a pipe: it subscribes to one filter with QoS 2, tells of every message
//! that comes, and publishes what it is asked to. It knows nothing of webmqtt.
//!
//! Arguments: URL (`mqtt:` or `ws:`), version (4 or 5), client id, filter.
//!
//! Standard input, a line each: `publish TOKEN QOS TOPIC TEXT`. Its end is the client's.
//!
//! Standard output, a line each: `ready MAXIMUM-QOS`, `message QOS DUP TOPIC TEXT`, `done TOKEN QOS` when a publish is
//! acknowledged, or sent with QoS 0, `lost WHY` when the connection is gone and `back SESSION-PRESENT` when there is another one.

mod client;

use std::collections::{HashMap, VecDeque};
use std::io::{self, BufRead as _, Write as _};
use std::process::ExitCode;
use std::thread;

use tokio::sync::mpsc;

use client::{Client, Happening};

/// A publish that somebody asked for.
struct Wanted {
    token: String,
    qos: u8,
    topic: String,
    text: String,
}

fn wanted(line: &str) -> Option<Wanted> {
    let mut words = line.strip_prefix("publish ")?.splitn(4, ' ');
    Some(Wanted {
        token: words.next()?.to_owned(),
        qos: words.next()?.parse().ok()?,
        topic: words.next()?.to_owned(),
        text: words.next()?.to_owned(),
    })
}

/// A failure is the end: whoever reads this has gone.
fn say(line: &str) {
    if writeln!(io::stdout(), "{line}").is_err() {
        std::process::exit(1);
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, version, id, filter] = arguments.as_slice() else {
        eprintln!("usage: webmqtt-counter URL 4|5 CLIENT-ID FILTER");
        return ExitCode::from(2);
    };
    let (client, mut happenings) = match Client::start(url, version, id) {
        Ok(started) => started,
        Err(why) => {
            eprintln!("{why}");
            return ExitCode::from(2);
        }
    };
    let (sender, mut lines) = mpsc::unbounded_channel();
    thread::spawn(move || {
        for line in io::stdin().lock().lines() {
            let Ok(line) = line else { return };
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    let mut ready = false;
    let mut maximum = 2;
    // rumqttc sends publishes in the order in which it got them, and says the identifier of each.
    let mut queued: VecDeque<(String, u8)> = VecDeque::new();
    let mut sent: HashMap<u16, (String, u8)> = HashMap::new();
    loop {
        tokio::select! {
            line = lines.recv() => {
                let Some(line) = line else { break };
                let Some(Wanted { token, qos, topic, text }) = wanted(&line) else {
                    eprintln!("no command: {line}");
                    return ExitCode::from(2);
                };
                let qos = qos.min(maximum);
                queued.push_back((token, qos));
                client.publish(topic, qos, text);
            }
            Some(happening) = happenings.recv() => match happening {
                Happening::Connected { present, maximum: allowed } => {
                    maximum = allowed;
                    if ready {
                        say(&format!("back {present}"));
                    } else {
                        client.subscribe(filter);
                    }
                }
                Happening::Subscribed => {
                    ready = true;
                    say(&format!("ready {maximum}"));
                }
                Happening::Message { qos, dup, topic, text } => {
                    say(&format!("message {qos} {dup} {topic} {text}"));
                }
                // With QoS 0 that is all.
                Happening::Sent(0) => {
                    if let Some((token, qos)) = queued.pop_front() {
                        say(&format!("done {token} {qos}"));
                    }
                }
                Happening::Sent(id) => {
                    if !sent.contains_key(&id)
                        && let Some(publish) = queued.pop_front()
                    {
                        sent.insert(id, publish);
                    }
                }
                Happening::Acknowledged(id) => {
                    if let Some((token, qos)) = sent.remove(&id) {
                        say(&format!("done {token} {qos}"));
                    }
                }
                Happening::Lost(why) => say(&format!("lost {why}")),
                Happening::Other => {}
            },
        }
    }
    client.disconnect();
    // What is under way, and the DISCONNECT.
    while let Some(happening) = happenings.recv().await {
        if let Happening::Lost(_) = happening {
            break;
        }
    }
    ExitCode::SUCCESS
}
