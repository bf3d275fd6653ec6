//! What code costs: memory by a counting allocator, work by counting the branches it takes and the bytes it moves.
//!
//! No clock: the same input costs the same on every machine. Memory is counted in every build. Work is counted where
//! the compiler was told to (`--cfg webmqtt_work`, with its flags in `xtask/src/fuzz.rs`); elsewhere it reads 0.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// Costs since [`reset`], of what ran [`inside`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Allocations and reallocations.
    pub allocations: u64,
    /// Bytes held now.
    pub held: usize,
    /// The most bytes that were ever held.
    pub peak: usize,
    /// Branches taken and bytes moved; 0 where they are not counted.
    pub work: u64,
}

#[derive(Clone, Copy)]
struct Counters {
    inside: bool,
    cost: Cost,
}

thread_local! {
    static COUNTERS: Cell<Counters> = const {
        Cell::new(Counters {
            inside: false,
            cost: Cost { allocations: 0, held: 0, peak: 0, work: 0 },
        })
    };
}

/// Whether this build counts work.
pub const COUNTS_WORK: bool = cfg!(webmqtt_work);

/// Starts from nothing. What was allocated inside before must be gone.
pub fn reset() {
    COUNTERS.set(Counters {
        inside: false,
        cost: Cost::default(),
    });
}

/// The costs so far.
#[must_use]
pub fn cost() -> Cost {
    COUNTERS.get().cost
}

/// Runs the code under test. What it allocates is its own until it is freed, wherever that happens.
pub fn inside<R>(run: impl FnOnce() -> R) -> R {
    set_inside(true);
    let before = work::so_far();
    let result = run();
    let worked = work::so_far() - before;
    set_inside(false);
    change(|counters| counters.cost.work += worked);
    result
}

fn set_inside(inside: bool) {
    change(|counters| counters.inside = inside);
}

fn change(change: impl FnOnce(&mut Counters)) {
    // After the thread's end there is nothing left to count.
    let _ = COUNTERS.try_with(|cell| {
        let mut counters = cell.get();
        change(&mut counters);
        cell.set(counters);
    });
}

/// Writes in front of each block whether it was allocated inside.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

impl Counting {
    /// The block with room for the mark in front, and how far the caller's part is from its start.
    fn marked(layout: Layout) -> Option<(Layout, usize)> {
        let offset = layout.align().max(align_of::<usize>());
        let size = layout.size().checked_add(offset)?;
        Some((Layout::from_size_align(size, offset).ok()?, offset))
    }
}

// SAFETY: every block is one of the system's, a whole alignment longer and that much further in.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some((whole, offset)) = Self::marked(layout) else {
            return std::ptr::null_mut();
        };
        // SAFETY: the layout is not empty, because of the mark.
        let start = unsafe { System.alloc(whole) };
        if start.is_null() {
            return start;
        }
        let mut mark = 0_usize;
        change(|counters| {
            if counters.inside {
                mark = 1;
                let cost = &mut counters.cost;
                cost.allocations += 1;
                cost.held += layout.size();
                cost.peak = cost.peak.max(cost.held);
            }
        });
        // SAFETY: `offset` is at least as long and as aligned as the mark, and within the block.
        unsafe {
            start.cast::<usize>().write(mark);
            start.add(offset)
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let Some((whole, offset)) = Self::marked(layout) else {
            return;
        };
        // SAFETY: the block came from `alloc` with this layout.
        unsafe {
            let start = block.sub(offset);
            if start.cast::<usize>().read() == 1 {
                change(|counters| {
                    counters.cost.held = counters.cost.held.saturating_sub(layout.size());
                });
            }
            System.dealloc(start, whole);
        }
    }
}

/// The compiler's coverage hook is called at every branch; the linker sends copies through us.
///
/// The hooks are in assembly, because the compiler would put calls of the hook into everything else here. Each thread
/// has its own count: another one's work is not ours, and two that count at once would lose each other's.
#[cfg(webmqtt_work)]
mod work {
    std::arch::global_asm!(
        ".pushsection .tbss,\"awT\",@nobits",
        ".p2align 3",
        "webmqtt_work_of_thread:",
        ".zero 8",
        ".popsection",
        ".globl __sanitizer_cov_trace_pc_guard_init",
        "__sanitizer_cov_trace_pc_guard_init:",
        "ret",
        ".globl __sanitizer_cov_trace_pc_guard",
        "__sanitizer_cov_trace_pc_guard:",
        "inc qword ptr fs:[webmqtt_work_of_thread@tpoff]",
        "ret",
        ".globl __wrap_memcpy",
        "__wrap_memcpy:",
        "add qword ptr fs:[webmqtt_work_of_thread@tpoff], rdx",
        "jmp __real_memcpy@PLT",
        ".globl __wrap_memmove",
        "__wrap_memmove:",
        "add qword ptr fs:[webmqtt_work_of_thread@tpoff], rdx",
        "jmp __real_memmove@PLT",
        ".globl webmqtt_work_so_far",
        "webmqtt_work_so_far:",
        "mov rax, qword ptr fs:[webmqtt_work_of_thread@tpoff]",
        "ret",
    );

    unsafe extern "C" {
        #[link_name = "webmqtt_work_so_far"]
        safe fn work_so_far() -> u64;
    }

    pub(super) fn so_far() -> u64 {
        work_so_far()
    }
}

#[cfg(not(webmqtt_work))]
mod work {
    pub(super) const fn so_far() -> u64 {
        0
    }
}
