package io.flm.launch;

import com.typesafe.config.Config;
import java.nio.file.Path;

/**
 * What is to be trained, and where.
 *
 * @param config the effective configuration, Akka's part included; {@code flm} holds known keys of the right types only
 * @param run the run's folder: it exists and is locked by this process
 * @param resume whether to go on from the run's newest checkpoint; where there is none, the run begins anew
 */
record RunRequest(Config config, Path run, boolean resume) {
    /** The run's name, shown to users. */
    String name() {
        return String.valueOf(run.getFileName());
    }
}
