/**
 * A run as the process sees it that asked for it. {@link io.flm.launch.submit.RunRequest} says what is to be trained and where;
 * {@link io.flm.launch.submit.FollowedRun} starts or finds the nodes, submits the run to them over HTTP and follows it there until
 * it ends. The nodes are of one kind: in this process, child processes of it, or those of a cluster that is up.
 */
@NullMarked
package io.flm.launch.submit;

import org.jspecify.annotations.NullMarked;
