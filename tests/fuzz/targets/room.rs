//! The whole room: any schedule of people, bytes, failures and times, beside
//! the model of it.
#![no_main]

use chat_simulation::{Script, run};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    run(&Script::parse(bytes));
});
