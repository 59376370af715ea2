/** This program's side of the benchmarks in {@code tests/benchmark}, which start it and tell it what to do. */
@NullMarked
package io.flm.benchmark;

import org.jspecify.annotations.NullMarked;
