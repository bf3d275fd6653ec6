//! The broker that the demo page and the fast tests talk to, with simulated sensors on request.

mod args;
mod broker;
mod house;
mod publisher;
mod stop;

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use args::{Args, Command};

/// Connected clients get their DISCONNECT within this time, then the process ends regardless.
const GRACE: Duration = Duration::from_millis(500);

fn main() -> ExitCode {
    let args = match args::parse(std::env::args().skip(1)) {
        Ok(Command::Run(args)) => args,
        Ok(Command::Help) => {
            println!("{}", args::USAGE);
            return ExitCode::SUCCESS;
        }
        Err(sentence) => return fail(&sentence),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("no threads to run on: {error}")),
    };
    let outcome = runtime.block_on(serve(&args));
    runtime.shutdown_timeout(GRACE);
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => fail(&sentence),
    }
}

async fn serve(args: &Args) -> Result<(), String> {
    let broker::Bound {
        mut broker,
        websocket,
        tcp,
    } = broker::bind(args.port, &args.path).await?;
    let shutdown = broker.shutdown_handle();
    let mut ready = broker.ready_receiver();
    let running = tokio::spawn(async move { broker.run().await });

    if ready.changed().await.is_err() {
        return match running.await {
            Ok(Err(error)) => Err(format!("the broker stopped while starting: {error}")),
            _ => Err("the broker stopped while starting".to_owned()),
        };
    }
    println!("READY ws://{websocket}{}", args.path);
    // A parent that reads through a pipe waits for this line.
    let _ = std::io::stdout().flush();

    if args.sensors {
        tokio::spawn(async move {
            if let Err(error) = publisher::publish_readings(tcp).await {
                eprintln!("webmqtt-demo-broker: the sensors stopped: {error}");
            }
        });
    }

    stop::requested(args.watch_stdin).await;
    shutdown.shutdown();
    let _ = tokio::time::timeout(GRACE, running).await;
    Ok(())
}

fn fail(sentence: &str) -> ExitCode {
    eprintln!("webmqtt-demo-broker: {sentence}");
    ExitCode::FAILURE
}
