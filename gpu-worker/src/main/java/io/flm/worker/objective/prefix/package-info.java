/** Prefix language modeling: {@link io.flm.worker.objective.prefix.PrefixLanguageModeling} is the objective, {@code
 * CutCorruption} makes its batches. */
@NullMarked
package io.flm.worker.objective.prefix;

import org.jspecify.annotations.NullMarked;
