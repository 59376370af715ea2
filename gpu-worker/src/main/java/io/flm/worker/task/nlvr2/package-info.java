/** Sentences about two pictures: {@link io.flm.worker.task.nlvr2.Nlvr2Task} is the task. */
@NullMarked
package io.flm.worker.task.nlvr2;

import org.jspecify.annotations.NullMarked;
