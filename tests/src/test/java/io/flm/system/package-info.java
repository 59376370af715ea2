/** Stories with real processes: runs that are killed and resumed, and runs that must come out the same. */
@NullMarked
package io.flm.system;

import org.jspecify.annotations.NullMarked;
