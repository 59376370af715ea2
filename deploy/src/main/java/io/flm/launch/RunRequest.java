package io.flm.launch;

import com.typesafe.config.Config;
import java.nio.file.Path;
import java.util.List;

/**
 * What is to be trained, and where.
 *
 * @param configuration the effective one; {@code flm} holds known keys of the right types only
 * @param run the run's folder: it exists and is locked by this process
 * @param home this program's folder
 * @param resume whether to go on from the run's newest checkpoint; where there is none, the run begins anew
 * @param minWorkers with fewer nothing trains; 0: all of this process, one of several nodes
 * @param where it is trained
 */
record RunRequest(Configuration configuration, Path run, Path home, boolean resume, int minWorkers, Where where) {
    /** Which nodes train. */
    sealed interface Where {}

    /** One node in this process. */
    record Here() implements Where {}

    /** So many processes on this machine, started and ended by this one. */
    record Children(int count) implements Where {}

    /** A cluster that is up. */
    record Cluster(List<ControlClient.Target> nodes) implements Where {
        Cluster {
            nodes = List.copyOf(nodes);
        }
    }

    /** The effective configuration, Akka's part included. */
    Config config() {
        return configuration.config();
    }

    /** The run's name, shown to users. */
    String name() {
        return String.valueOf(run.getFileName());
    }
}
