//! What happens, whoever asks for it: routes of every dialect, workers, run steps and imports.

pub mod again;
