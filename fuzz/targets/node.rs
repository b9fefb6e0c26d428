#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use properties::House;

static HOUSE: LazyLock<House> =
    LazyLock::new(|| House::new(local_host::router().into(), &local_host::api_documents()));

fuzz_target!(|data: &[u8]| properties::node(&HOUSE, data));
