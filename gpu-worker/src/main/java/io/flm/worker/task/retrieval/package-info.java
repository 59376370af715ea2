/** Texts of pictures, and pictures of texts: {@link io.flm.worker.task.retrieval.RetrievalTask} is the task. */
@NullMarked
package io.flm.worker.task.retrieval;

import org.jspecify.annotations.NullMarked;
