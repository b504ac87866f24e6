//! Small made files of every format, with the traps that real corpora hold.

mod containers;
mod golden;
mod hostile;
mod make;
mod real;
mod wav;
