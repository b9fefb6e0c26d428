//! The work behind the routes: decisions that reach n8n, runs that are followed, debts that are found.

mod resume;
