/** The program held against what the official implementation computed: see {@code tests/golden}. */
@NullMarked
package io.flm.golden;

import org.jspecify.annotations.NullMarked;
