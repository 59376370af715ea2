/** The command line {@code flm}: each command is a class, {@link io.flm.launch.Main} finds them. */
@NullMarked
package io.flm.launch;

import org.jspecify.annotations.NullMarked;
