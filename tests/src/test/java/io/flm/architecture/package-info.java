/** What holds the whole together: arrows between modules, settings that somebody reads, a README that tells the truth. */
@NullMarked
package io.flm.architecture;

import org.jspecify.annotations.NullMarked;
