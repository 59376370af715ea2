/**
 * A node: one JVM with a worker for each device. {@link io.flm.launch.node.Node} lives as long as the process; each time that it
 * joins a cluster it begins a {@link io.flm.launch.node.ClusterSession}, which ends when the cluster removes it. What the workers of a
 * node share of a run is {@link io.flm.launch.node.NodeRun}.
 *
 * <pre>
 * Node --joins--> ClusterSession: actor system, coordinator or its proxy, HTTP --removed--> joins again
 *   WorkerSlot (one a device) --prepare--> NodeRuns --first--> NodeRun: data, checkpoints, metrics
 * </pre>
 */
@NullMarked
package io.flm.launch.node;

import org.jspecify.annotations.NullMarked;
