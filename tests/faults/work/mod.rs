//! The work behind the routes: decisions that reach n8n, runs that are followed, debts that are found.

mod below_one_host;
mod chore;
mod deadlines;
mod deadly;
mod departed;
mod due;
mod executions;
mod key_health;
mod listing;
mod outage;
mod pipeline;
mod poison;
mod poll;
mod resume;
mod resume_answers;
mod resume_races;
mod resume_unseen;
mod resume_waits;
mod trigger;
mod usage;
