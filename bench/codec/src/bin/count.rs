//! Runs everything once between two marks for callgrind, which writes what it counted between them:
//!
//! ```sh
//! valgrind --tool=callgrind --callgrind-out-file=counts --combine-dumps=yes target/release/count
//! ```
//!
//! With a word, only what has it in its name.

use std::ffi::CString;

use webmqtt_codec_bench::works;

/// Callgrind's requests: see `callgrind.h`.
const DUMP_STATS_AT: usize = 0x4354_0003;
const ZERO_STATS: usize = 0x4354_0001;

/// A request to valgrind, as `valgrind.h` makes it. Without valgrind these instructions do nothing.
#[cfg(target_arch = "x86_64")]
fn request(number: usize, argument: usize) {
    let arguments = [number, argument, 0, 0, 0, 0];
    // SAFETY: the rotations add up to whole turns, and the exchange is of a register with itself.
    unsafe {
        std::arch::asm!(
            "rol rdi, 3", "rol rdi, 13", "rol rdi, 61", "rol rdi, 51", "xchg rbx, rbx",
            in("rax") arguments.as_ptr(),
            inout("rdx") 0usize => _,
            options(nostack),
        );
    }
}

fn main() {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    let (mut works, left_out) = works();
    for what in left_out {
        eprintln!("left out: {what}");
    }
    for work in &mut works {
        let name = format!(
            "{}|{}|{}|{}",
            work.group, work.case, work.codec, work.packets
        );
        if !name.contains(&wanted) {
            continue;
        }
        // What happens once only is not what it costs.
        work.run.prepare();
        work.run.run();
        work.run.prepare();
        let mark = CString::new(name).expect("no nul");
        request(ZERO_STATS, 0);
        work.run.run();
        request(DUMP_STATS_AT, mark.as_ptr() as usize);
    }
}
