//! When to stop: a signal, or the end of standard input.

use std::io::Read;

use tokio::sync::oneshot;

/// Returns when the process is asked to stop.
pub async fn requested(watch_stdin: bool) {
    let parent_gone = async {
        if watch_stdin {
            end_of_stdin().await;
        } else {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = signal() => {}
        () = parent_gone => {}
    }
}

#[cfg(unix)]
async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        // Without handlers the signals end the process by themselves.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

#[cfg(not(unix))]
async fn signal() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}

/// A thread of its own: a blocking read inside the runtime would hold up its shutdown.
async fn end_of_stdin() {
    let (ended, end) = oneshot::channel();
    std::thread::spawn(move || {
        let mut stdin = std::io::stdin().lock();
        let mut ignored = [0; 256];
        while matches!(stdin.read(&mut ignored), Ok(count) if count > 0) {}
        // The receiver is gone when a signal came first.
        let _ = ended.send(());
    });
    let _ = end.await;
}
