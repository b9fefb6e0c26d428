//! The parsers of bytes that others wrote, for `infra/effort.sh` to count. Without arguments it prints the rows; with the
//! number of a row and a size it reads such an input, and prints how many bytes it had. Valgrind counts inside `measured`
//! only.

use properties::effort::ROWS;

fn main() {
    let arguments: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let [row, size] = arguments[..] else {
        for row in ROWS {
            println!("{}\t{}\t{}", row.parser, row.input, row.per_byte);
        }
        return;
    };
    let Some(row) = ROWS.get(row) else { return };
    let input = (row.make)(size);
    measured(row.read, &input);
    println!("{}", input.len());
}

#[inline(never)]
fn measured(read: fn(&[u8]), input: &[u8]) {
    read(std::hint::black_box(input));
    // So that the call above is no tail call: this function is still there when it returns.
    std::hint::black_box(input);
}
