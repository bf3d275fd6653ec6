//! The command line. Knows nothing of brokers or sensors.

/// What `--help` prints.
pub const USAGE: &str = "\
webmqtt-demo-broker: an MQTT broker on this machine's loopback, for the demo page and for tests

Usage: webmqtt-demo-broker [--port N] [--path /mqtt] [--sensors] [--watch-stdin]

  --port N        port of the WebSocket listener (default 9001; 0 takes any free one)
  --path PATH     path of the WebSocket listener (default /mqtt)
  --sensors       publish the values of a simulated house under demo/
  --watch-stdin   stop when standard input ends, that is when the parent process is gone

Prints `READY ws://127.0.0.1:PORT/PATH` once it accepts connections.";

/// The options the user gave.
#[derive(Debug, PartialEq, Eq)]
pub struct Args {
    /// Port of the WebSocket listener; 0 takes any free one.
    pub port: u16,
    /// Path of the WebSocket listener, with its leading slash.
    pub path: String,
    /// Whether the simulated sensors publish.
    pub sensors: bool,
    /// Whether the end of standard input stops the broker.
    pub watch_stdin: bool,
}

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    /// Start the broker.
    Run(Args),
    /// Print [`USAGE`] and stop.
    Help,
}

/// Reads the arguments that follow the program's name.
pub fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Command, String> {
    let mut args = Args {
        port: 9001,
        path: "/mqtt".to_owned(),
        sensors: false,
        watch_stdin: false,
    };
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        let (flag, mut inline) = match argument.split_once('=') {
            Some((flag, value)) => (flag.to_owned(), Some(value.to_owned())),
            None => (argument, None),
        };
        let mut value = || {
            inline
                .take()
                .or_else(|| arguments.next())
                .ok_or_else(|| format!("{flag} needs a value; see --help"))
        };
        match flag.as_str() {
            "--port" => {
                let text = value()?;
                args.port = text
                    .parse()
                    .map_err(|_| format!("--port takes a number from 0 to 65535, not `{text}`"))?;
            }
            "--path" => {
                let text = value()?;
                if !text.starts_with('/') {
                    return Err(format!("--path starts with a slash, unlike `{text}`"));
                }
                args.path = text;
            }
            "--sensors" => args.sensors = true,
            "--watch-stdin" => args.watch_stdin = true,
            "--help" | "-h" => return Ok(Command::Help),
            _ => return Err(format!("unknown argument `{flag}`; see --help")),
        }
        if let Some(value) = inline {
            return Err(format!("{flag} takes no value, but got `{value}`"));
        }
    }
    Ok(Command::Run(args))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_line(line: &str) -> Result<Command, String> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn no_argument_means_port_9001_and_no_sensors() {
        let expected = Args {
            port: 9001,
            path: "/mqtt".to_owned(),
            sensors: false,
            watch_stdin: false,
        };
        assert_eq!(parse_line(""), Ok(Command::Run(expected)));
    }

    #[test]
    fn a_value_may_follow_a_space_or_an_equals_sign() {
        let expected = Args {
            port: 0,
            path: "/ws".to_owned(),
            sensors: true,
            watch_stdin: true,
        };
        assert_eq!(
            parse_line("--port=0 --path /ws --sensors --watch-stdin"),
            Ok(Command::Run(expected))
        );
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_the_flag_in_the_sentence() {
        for (line, word) in [
            ("--port 70000", "70000"),
            ("--port", "--port"),
            ("--path mqtt", "mqtt"),
            ("--sensors=no", "--sensors"),
            ("--prot 1", "--prot"),
        ] {
            let error = parse_line(line).expect_err(line);
            assert!(error.contains(word), "{line}: {error}");
        }
    }
}
