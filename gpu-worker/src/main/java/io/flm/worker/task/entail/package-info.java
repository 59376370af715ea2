/** Sentences that follow from a picture or do not: {@link io.flm.worker.task.entail.EntailTask} is the task. */
@NullMarked
package io.flm.worker.task.entail;

import org.jspecify.annotations.NullMarked;
