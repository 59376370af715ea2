/**
 * A run, seen from the process that submits it. {@link io.flm.launch.submit.RunRequest} says what is to be trained; a {@link
 * io.flm.launch.submit.Launcher} says where, and starts or finds the nodes; {@link io.flm.launch.submit.SubmittedRun} submits the
 * run to them over HTTP and follows it there until it ends.
 *
 * <pre>
 * InProcessLauncher     one node in this process           flm pretrain
 * ChildProcessLauncher  processes of this machine          flm pretrain --nodes 2
 * ClusterLauncher       a cluster that is up               flm pretrain --cluster HOST:PORT
 * </pre>
 */
@NullMarked
package io.flm.launch.submit;

import org.jspecify.annotations.NullMarked;
