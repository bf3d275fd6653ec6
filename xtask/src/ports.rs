//! Free ports on loopback: another one each time, whoever asks, in this process, in another one, in another clone.
//!
//! Knows nothing of what listens there.

use std::collections::hash_map::RandomState;
use std::fs::{self, File};
use std::hash::{BuildHasher as _, Hasher as _};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::project;
use crate::step::Failure;

const POLL: Duration = Duration::from_millis(20);

/// The kernel serves clients and port 0 from these. Whoever waits for a server at such a port, or lets one come back to
/// it, may find a client there, even its own.
const OF_THE_KERNEL: &str = "/proc/sys/net/ipv4/ip_local_port_range";
/// As many as have to be on one side of those.
const ENOUGH: u16 = 4_000;
/// Where the kernel takes them all.
const ANYWHERE: RangeInclusive<u16> = 20_000..=30_999;

/// Ports that were asked for by number, where nobody may listen yet.
static NAMED: Mutex<Vec<u16>> = Mutex::new(Vec::new());

/// The port itself, or a free one when it is 0, which nobody gets again before all others had their turn.
pub fn port_or_free(port: u16) -> Result<u16, Failure> {
    let mut named = NAMED.lock().unwrap_or_else(PoisonError::into_inner);
    if port != 0 {
        named.push(port);
        return Ok(port);
    }
    let range = beside(of_the_kernel());
    next(&project::cache().join("last-port"), &range, |port| {
        !named.contains(&port) && !is_taken(port)
    })
    .map_err(|error| Failure::io("choosing a free port", &error))
}

/// Whether something listens there already.
pub fn is_taken(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_err()
}

/// Whether nothing listens there within this time.
pub fn becomes_free(port: u16, patience: Duration) -> bool {
    let started = Instant::now();
    while is_taken(port) {
        if started.elapsed() > patience {
            return false;
        }
        thread::sleep(POLL);
    }
    true
}

fn of_the_kernel() -> Option<RangeInclusive<u16>> {
    let text = fs::read_to_string(OF_THE_KERNEL).ok()?;
    let mut bounds = text.split_whitespace().map(str::parse);
    Some(bounds.next()?.ok()?..=bounds.next()?.ok()?)
}

/// Ports that are none of the kernel's.
fn beside(kernel: Option<RangeInclusive<u16>>) -> RangeInclusive<u16> {
    let Some(kernel) = kernel else {
        return ANYWHERE;
    };
    let (below, above) = (kernel.start().saturating_sub(1), *kernel.end());
    for start in [20_000, 10_000] {
        if below.saturating_sub(start) >= ENOUGH {
            return start..=below;
        }
    }
    if u16::MAX - above >= ENOUGH {
        return above + 1..=u16::MAX;
    }
    ANYWHERE
}

/// The first one behind the last one that somebody got, which the file has.
fn next(
    file: &Path,
    range: &RangeInclusive<u16>,
    is_free: impl Fn(u16) -> bool,
) -> io::Result<u16> {
    file.parent().map_or(Ok(()), fs::create_dir_all)?;
    let mut file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(file)?;
    file.lock()?;
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    let last = text.trim().parse().ok().filter(|port| range.contains(port));
    let last = last.unwrap_or_else(|| anyone_of(range));
    let found = (last..=*range.end())
        .skip(1)
        .chain(*range.start()..=last)
        .find(|port| is_free(*port))
        .ok_or_else(|| io::Error::other(format!("all of {range:?} are taken")))?;
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{found}")?;
    Ok(found)
}

fn anyone_of(range: &RangeInclusive<u16>) -> u16 {
    let random = RandomState::new().build_hasher().finish();
    let length = u64::from(range.end() - range.start()) + 1;
    range.start() + (random % length) as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::TemporaryFolder;

    #[test]
    fn no_port_is_given_again_before_all_others_had_their_turn() {
        let folder = TemporaryFolder::new("ports").unwrap();
        let (file, range) = (folder.path().join("last-port"), 30_000..=30_009);
        // Each with nothing in common but the file, as processes have.
        let mut ports: Vec<u16> = (0..9)
            .map(|_| next(&file, &range, |port| port != 30_004).unwrap())
            .collect();
        let again = next(&file, &range, |port| port != 30_004).unwrap();
        assert_eq!(again, ports[0]);
        ports.sort_unstable();
        let all_but_the_taken_one: Vec<u16> = range.filter(|port| *port != 30_004).collect();
        assert_eq!(ports, all_but_the_taken_one);
    }

    #[test]
    fn a_range_without_a_free_port_is_said_to_be_taken() {
        let folder = TemporaryFolder::new("no-ports").unwrap();
        let error = next(&folder.path().join("last-port"), &(7..=9), |_| false).unwrap_err();
        assert_eq!(error.to_string(), "all of 7..=9 are taken");
    }

    #[test]
    fn no_free_port_is_one_that_was_asked_for_by_number() {
        let next = port_or_free(0).unwrap() + 1;
        port_or_free(next).unwrap();
        assert_ne!(port_or_free(0).unwrap(), next);
    }

    #[test]
    fn ports_are_beside_those_that_the_kernel_serves_clients_from() {
        assert_eq!(beside(Some(32_768..=60_999)), 20_000..=32_767);
        assert_eq!(beside(Some(16_000..=65_535)), 10_000..=15_999);
        assert_eq!(beside(Some(1_024..=49_151)), 49_152..=65_535);
        assert_eq!(beside(Some(1_024..=65_535)), ANYWHERE);
        assert_eq!(beside(None), ANYWHERE);
    }
}
