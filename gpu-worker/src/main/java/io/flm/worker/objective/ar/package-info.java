/** Autoregressive modeling, the l2r stream alone: {@link io.flm.worker.objective.ar.AutoregressiveModeling} is the objective. */
@NullMarked
package io.flm.worker.objective.ar;

import org.jspecify.annotations.NullMarked;
