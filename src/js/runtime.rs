//! What `std` does elsewhere: memory, and the end after a panic. The package's module is built without it.
//!
//! The allocator is a quarter of the size of `std`'s, and as thrifty; see `docs/performance.md`. Panic messages are
//! dropped, as `std` drops them in a browser: what is left is a trap with the stack of functions.

use core::panic::PanicInfo;

use talc::wasm::{WasmDynamicTalc, new_wasm_dynamic_allocator};

#[global_allocator]
static ALLOCATOR: WasmDynamicTalc = new_wasm_dynamic_allocator();

#[panic_handler]
fn trap(_: &PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
