//! Small made files of every format, with the traps that real corpora hold.

mod containers;
mod damaged;
mod golden;
mod oddities;
mod hostile;
mod make;
mod real;
mod wav;
