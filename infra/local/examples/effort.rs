//! The parsers of bytes that others wrote, for `infra/effort.sh` to count: prints the rows and reads the input of each at
//! both sizes. Valgrind counts inside `measured` only.

use shared::testing::effort::ROWS;

const SMALL: usize = 16 * 1024;

fn main() {
    for row in ROWS {
        for size in [SMALL, 4 * SMALL] {
            let input = (row.make)(size);
            println!("{}\t{}\t{}\t{}", row.parser, row.input, row.per_byte, input.len());
            measured(row.read, &input);
        }
    }
}

#[inline(never)]
fn measured(read: fn(&[u8]), input: &[u8]) {
    read(std::hint::black_box(input));
    // So that the call above is no tail call: this function is still there when it returns.
    std::hint::black_box(input);
}
