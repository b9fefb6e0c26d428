//! What SQS refuses by itself, decided without an engine. Its one rule: both engines ask here first, so that a message
//! that AWS would refuse never works on a laptop.

use std::time::Duration;

use super::{Outgoing, QueueError, limits};

type Checked = Result<(), QueueError>;

/// A message to send: its body and its delay.
pub(super) fn outgoing(message: &Outgoing) -> Checked {
    let bytes = message.body.len();
    if bytes == 0 || bytes > limits::BODY_BYTES {
        return invalid(format!("a body of {bytes} bytes, 1 to {}", limits::BODY_BYTES));
    }
    if message.delay > limits::DELAY {
        return invalid(format!("a delay of {} s", message.delay.as_secs()));
    }
    // What XML 1.0 allows (SQS API reference, `SendMessage`).
    let allowed = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    match message.body.chars().find(|c| !allowed(*c)) {
        Some(c) => invalid(format!("the character {c:?} is not allowed")),
        None => Ok(()),
    }
}

/// How many messages one receive asks for.
pub(super) fn batch(max: usize) -> Checked {
    if max == 0 || max > limits::BATCH {
        return invalid(format!("{max} messages asked for, 1 to {}", limits::BATCH));
    }
    Ok(())
}

/// How long a message is hidden, in the whole seconds that SQS counts: up, so that nothing is delivered early.
pub(super) fn hidden_seconds(span: Duration) -> Result<u16, QueueError> {
    let seconds = span.as_secs() + u64::from(span.subsec_nanos() > 0);
    match u16::try_from(seconds) {
        Ok(seconds) if span <= limits::VISIBILITY => Ok(seconds),
        _ => Err(QueueError::Invalid(format!(
            "hidden for {seconds} s, at most {}",
            limits::VISIBILITY.as_secs()
        ))),
    }
}

fn invalid(why: String) -> Checked {
    Err(QueueError::Invalid(why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_second_is_waited_out() {
        assert_eq!(hidden_seconds(Duration::from_millis(1)).unwrap(), 1);
        assert_eq!(hidden_seconds(Duration::from_secs(2)).unwrap(), 2);
    }

    #[test]
    fn twelve_hours_are_the_longest() {
        assert_eq!(hidden_seconds(limits::VISIBILITY).unwrap(), 43_200);
        assert!(hidden_seconds(limits::VISIBILITY + Duration::from_millis(1)).is_err());
    }
}
