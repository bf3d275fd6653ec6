//! The project's commands. `cargo xtask` lists them.

mod bench;
mod brokers;
mod build;
mod check;
mod conformance;
mod core_in_wasm;
mod counter;
mod coverage;
mod demo;
mod docs;
mod doctor;
mod endurance;
mod engines;
mod examples;
mod fuzz;
mod glue;
mod herd;
mod interop;
mod node_packages;
mod order;
mod ports;
mod process;
mod project;
mod record;
mod sections;
mod serve;
mod setup;
mod size;
mod snip;
mod stamp;
mod step;
mod summary;
mod test;
mod www;

use std::path::PathBuf;
use std::process::ExitCode;

use lexopt::prelude::*;

use crate::setup::Need;
use crate::step::Failure;
use crate::test::Suite;

const USAGE: &str = "\
cargo xtask COMMAND

  demo    [--port 8080] [--broker-port 9001] [--open]
          the page with an embedded broker and simulated sensors; sets up what is missing
  test    [--only SUITE]...    everything, or: check native fuzz no_std core-in-wasm wasm size page browser
          engines faults interop examples demo packaging bench coverage conformance
  setup   [--only WHAT]...     what the other commands need (they call it themselves)
  doctor  [--strict]           what is present, what is missing, why it matters
  build                        the npm package, into pkg/wasm and pkg/dist
  check                        format, lint and types; a part of test
  fix                          mends format and simple lint
  www     --out DIR            the page as files for any web server
  screenshots                  pictures of the page's main views, into docs
  docs                         the references of the package and of the crate, into target
  fuzz    [TARGET] [--seconds N]
          hostile input: frame properties packet structured topic session, as long as that or a bounded run
  herd                         100,000 clients lose their broker: the picture and the tables of docs/scale.md
  size                         bytes of the minimal application, against the budget
  bench   [--quick] [--only ROW]... [--peer NAME]... [--rounds N] [--browser firefox] [--worker] [--out FILE]
          other MQTT clients, bare WebSocket code and the package side by side in a browser; a table of ratios
  bench   --write              the whole of it; the documents get the tables and the picture
  bench   --native [--write]   the codec next to others, in instructions and time; --write keeps the instructions
  conformance [--write]        which statements, scenarios and findings are shown, and by which tests;
                               --write brings the numbers in the documents up to date
  coverage                     lines of the codec and the session that the native tests run through
  faults  --broker NAME [--runs 200] [--seed 0] [--write]
          seeded runs with faults between Chromium and the broker, counted by a native client; --write puts
          the counts into docs/faults.json and docs/faults.md
  soak    [--minutes 10] [--broker mosquitto] [--seed 0] [--write]
          everything at once with a fault every few seconds; memory and counters as a plot and as tables, in
          target/xtask/soak, or in docs with --write
  broker  NAME [--port N] [--plain-port N] [--tls-port N] [--persist FOLDER] [--sensors]
          [--log-packets] [--no-acl] [--setting LINE]...
          embedded mosquitto mosquitto-deb12 rabbitmq rabbitmq-deb12 hivemq aedes rumqttd, in the foreground
  broker  rabbitmq-cluster [--nodes 2]
          RabbitMQ 4 on several nodes; `kill 1` and `start 1` on standard input do that to a node
  interop [--only NAME]... | --running | --url URL --name NAME [--broker-version V] [--username U --password-env VAR]
          which broker does what, into docs/interop.md: those that can be started here, those of docker/compose.yaml,
          or any; --check examines the quick ones and compares
  broker  list [--json]        which of them can be started here
  port                         a free port of loopback, another one each time

A port of 0 takes any free one. Tools are kept in ~/.cache/webmqtt (or $XDG_CACHE_HOME/webmqtt).";

/// What the command line asks for.
enum Asked {
    Help,
    Setup(Vec<Need>),
    Doctor { strict: bool },
    Build,
    Demo(demo::Options),
    Test(Vec<Suite>),
    Check,
    Fix,
    Docs,
    Www(PathBuf),
    Screenshots,
    Fuzz(fuzz::Options),
    Size,
    Bench(bench::Options),
    Herd,
    Conformance { write: bool },
    Coverage,
    Faults(endurance::Faults),
    Soak(endurance::Soak),
    Interop(interop::Whose),
    Broker(brokers::Options),
    Cluster { nodes: u8 },
    BrokerList { json: bool },
    Port,
}

fn main() -> ExitCode {
    step::start_clock();
    let asked = match asked() {
        Ok(asked) => asked,
        Err(error) => {
            eprintln!("error: {error}; `cargo xtask help` lists the commands.");
            return ExitCode::from(2);
        }
    };
    match run(asked) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !failure.output.is_empty() {
                eprintln!("{}", failure.output);
            }
            // The tests' last line says it all.
            if !failure.sentence.is_empty() {
                eprintln!("error: {}", failure.sentence);
            }
            ExitCode::FAILURE
        }
    }
}

fn run(asked: Asked) -> Result<(), Failure> {
    match asked {
        Asked::Help => println!("{USAGE}"),
        Asked::Setup(needs) => setup::provide(&needs)?,
        Asked::Doctor { strict } => doctor::run(strict)?,
        Asked::Build => build::run()?,
        Asked::Demo(options) => demo::run(&options)?,
        Asked::Test(suites) => test::run(&suites)?,
        Asked::Check => check::run()?,
        Asked::Fix => check::fix()?,
        Asked::Docs => docs::run()?,
        Asked::Www(out) => www::write(&out)?,
        Asked::Screenshots => www::screenshots()?,
        Asked::Fuzz(options) => fuzz::run(&options)?,
        Asked::Size => size::run()?,
        Asked::Bench(options) => bench::run(&options)?,
        Asked::Herd => herd::run()?,
        Asked::Conformance { write } => conformance::run(write)?,
        Asked::Coverage => coverage::run()?,
        Asked::Faults(options) => endurance::faults(&options)?,
        Asked::Soak(options) => endurance::soak(&options)?,
        Asked::Interop(whose) => interop::run(&whose)?,
        Asked::Broker(options) => brokers::run(&options)?,
        Asked::Cluster { nodes } => brokers::cluster::run(nodes)?,
        Asked::BrokerList { json: true } => println!("{}", brokers::list_json()),
        Asked::BrokerList { json: false } => print!("{}", brokers::list()),
        Asked::Port => println!("{}", ports::port_or_free(0)?),
    }
    Ok(())
}

fn asked() -> Result<Asked, lexopt::Error> {
    let mut words = Words::read(lexopt::Parser::from_env())?;
    let asked = match words.command.as_str() {
        "" | "help" => Asked::Help,
        "setup" => Asked::Setup(words.chosen(Need::named, &Need::ALL)?),
        "doctor" => Asked::Doctor {
            strict: std::mem::take(&mut words.strict),
        },
        "build" => Asked::Build,
        "demo" => Asked::Demo(demo::Options {
            port: words.port.take().unwrap_or(8080),
            broker_port: words.broker_port.take().unwrap_or(9001),
            open: std::mem::take(&mut words.open),
        }),
        "test" => Asked::Test(words.chosen(Suite::named, &Suite::ALL)?),
        "check" => Asked::Check,
        "fix" => Asked::Fix,
        "docs" => Asked::Docs,
        "www" => Asked::Www(
            words
                .out
                .take()
                .ok_or("`www` takes the folder, --out DIR")?,
        ),
        "screenshots" => Asked::Screenshots,
        "fuzz" => Asked::Fuzz(fuzz::Options {
            target: match words.name.take() {
                Some(name) => {
                    Some(fuzz::named(&name).ok_or_else(|| format!("there is no target `{name}`"))?)
                }
                None => None,
            },
            seconds: words.seconds.take(),
        }),
        "size" => Asked::Size,
        "bench" => Asked::Bench(bench::Options {
            write: std::mem::take(&mut words.write),
            native: std::mem::take(&mut words.native),
            quick: std::mem::take(&mut words.quick),
            worker: std::mem::take(&mut words.worker),
            browser: words.browser.take(),
            rounds: words.rounds.take(),
            rows: std::mem::take(&mut words.only),
            peers: std::mem::take(&mut words.peers),
            out: words.out.take(),
        }),
        "herd" => Asked::Herd,
        "conformance" => Asked::Conformance {
            write: std::mem::take(&mut words.write),
        },
        "coverage" => Asked::Coverage,
        "faults" => Asked::Faults(endurance::Faults {
            broker: broker_named(&words.broker.take().ok_or("`faults` takes --broker NAME")?)?,
            runs: words.runs.take().unwrap_or(200),
            seed: words.seed.take().unwrap_or(0),
            write: std::mem::take(&mut words.write),
        }),
        "soak" => Asked::Soak(endurance::Soak {
            broker: broker_named(words.broker.take().as_deref().unwrap_or("mosquitto"))?,
            minutes: words.minutes.take().unwrap_or(10),
            seed: words.seed.take().unwrap_or(0),
            write: std::mem::take(&mut words.write),
        }),
        "interop" if std::mem::take(&mut words.check) => Asked::Test(vec![Suite::Interop]),
        "interop" => Asked::Interop(words.whose()?),
        "broker" => match words.name.take().as_deref() {
            Some("list") => Asked::BrokerList {
                json: std::mem::take(&mut words.json),
            },
            Some("rabbitmq-cluster") => Asked::Cluster {
                nodes: words.nodes.take().unwrap_or(2),
            },
            Some(name) => Asked::Broker(brokers::Options {
                kind: broker_named(name)?,
                port: words.port.take(),
                plain_port: words.plain_port.take().unwrap_or(0),
                tls_port: words.tls_port.take(),
                persist: words.persist.take(),
                log_packets: std::mem::take(&mut words.log_packets),
                no_acl: std::mem::take(&mut words.no_acl),
                settings: std::mem::take(&mut words.settings),
                sensors: std::mem::take(&mut words.sensors),
            }),
            None => return Err("`broker` takes the name of one, or `list`".into()),
        },
        "port" => Asked::Port,
        other => return Err(format!("there is no command `{other}`").into()),
    };
    words.all_taken()?;
    Ok(asked)
}

fn broker_named(name: &str) -> Result<brokers::Kind, String> {
    brokers::Kind::named(name).ok_or_else(|| format!("there is no broker `{name}`"))
}

/// The command line's words, before they are given a meaning.
#[derive(Default, PartialEq)]
struct Words {
    native: bool,
    command: String,
    name: Option<String>,
    only: Vec<String>,
    port: Option<u16>,
    broker_port: Option<u16>,
    plain_port: Option<u16>,
    tls_port: Option<u16>,
    seconds: Option<u32>,
    rounds: Option<u32>,
    browser: Option<String>,
    peers: Vec<String>,
    broker: Option<String>,
    runs: Option<u32>,
    seed: Option<u32>,
    nodes: Option<u8>,
    minutes: Option<u32>,
    persist: Option<PathBuf>,
    out: Option<PathBuf>,
    open: bool,
    strict: bool,
    json: bool,
    log_packets: bool,
    no_acl: bool,
    settings: Vec<String>,
    sensors: bool,
    write: bool,
    quick: bool,
    worker: bool,
    check: bool,
    running: bool,
    url: Option<String>,
    named: Option<String>,
    broker_version: Option<String>,
    username: Option<String>,
    password_env: Option<String>,
}

impl Words {
    fn read(mut parser: lexopt::Parser) -> Result<Self, lexopt::Error> {
        let mut words = Self::default();
        while let Some(argument) = parser.next()? {
            match argument {
                Short('h') | Long("help") => return Ok(Self::default()),
                Long("only") => words.only.push(parser.value()?.string()?),
                Long("port") => words.port = Some(parser.value()?.parse()?),
                Long("broker-port") => words.broker_port = Some(parser.value()?.parse()?),
                Long("plain-port") => words.plain_port = Some(parser.value()?.parse()?),
                Long("tls-port") => words.tls_port = Some(parser.value()?.parse()?),
                Long("seconds") => words.seconds = Some(parser.value()?.parse()?),
                Long("rounds") => words.rounds = Some(parser.value()?.parse()?),
                Long("browser") => words.browser = Some(parser.value()?.string()?),
                Long("peer") => words.peers.push(parser.value()?.string()?),
                Long("quick") => words.quick = true,
                Long("worker") => words.worker = true,
                Long("broker") => words.broker = Some(parser.value()?.string()?),
                Long("runs") => words.runs = Some(parser.value()?.parse()?),
                Long("seed") => words.seed = Some(parser.value()?.parse()?),
                Long("minutes") => words.minutes = Some(parser.value()?.parse()?),
                Long("nodes") => words.nodes = Some(parser.value()?.parse()?),
                Long("out") => words.out = Some(parser.value()?.into()),
                Long("persist") => words.persist = Some(parser.value()?.into()),
                Long("open") => words.open = true,
                Long("strict") => words.strict = true,
                Long("json") => words.json = true,
                Long("log-packets") => words.log_packets = true,
                Long("no-acl") => words.no_acl = true,
                Long("setting") => words.settings.push(parser.value()?.string()?),
                Long("sensors") => words.sensors = true,
                Long("write") => words.write = true,
                Long("check") => words.check = true,
                Long("running") => words.running = true,
                Long("url") => words.url = Some(parser.value()?.string()?),
                Long("name") => words.named = Some(parser.value()?.string()?),
                Long("broker-version") => words.broker_version = Some(parser.value()?.string()?),
                Long("username") => words.username = Some(parser.value()?.string()?),
                Long("password-env") => words.password_env = Some(parser.value()?.string()?),
                Long("native") => words.native = true,
                Value(word) if words.command.is_empty() => words.command = word.string()?,
                Value(word) if words.name.is_none() => words.name = Some(word.string()?),
                other => return Err(other.unexpected()),
            }
        }
        Ok(words)
    }

    /// Whose brokers `interop` examines.
    fn whose(&mut self) -> Result<interop::Whose, lexopt::Error> {
        if std::mem::take(&mut self.running) {
            return Ok(interop::Whose::Running);
        }
        let Some(url) = self.url.take() else {
            return Ok(interop::Whose::Ours(
                self.chosen(brokers::Kind::named, &[])?,
            ));
        };
        Ok(interop::Whose::At(interop::Address {
            url,
            name: self
                .named
                .take()
                .ok_or("`--url` needs the broker's --name")?,
            version: self.broker_version.take(),
            username: self.username.take(),
            password_env: self.password_env.take(),
        }))
    }

    /// What `--only` names, or all.
    fn chosen<T: Copy>(
        &mut self,
        named: impl Fn(&str) -> Option<T>,
        all: &[T],
    ) -> Result<Vec<T>, lexopt::Error> {
        let only = std::mem::take(&mut self.only);
        if only.is_empty() {
            return Ok(all.to_vec());
        }
        only.iter()
            .map(|name| named(name).ok_or_else(|| format!("--only knows no `{name}`").into()))
            .collect()
    }

    /// A word that the command did not take is a mistake.
    fn all_taken(mut self) -> Result<(), lexopt::Error> {
        let command = std::mem::take(&mut self.command);
        if self == Self::default() {
            return Ok(());
        }
        Err(format!("`{command}` does not take all of these arguments").into())
    }
}
