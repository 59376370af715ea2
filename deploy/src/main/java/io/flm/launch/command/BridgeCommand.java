package io.flm.launch.command;

import io.flm.launch.console.Failure;
import io.flm.launch.console.Json;
import io.flm.launch.console.Version;
import io.flm.worker.torch.BridgeBuild;
import io.flm.worker.torch.TorchRoute;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code flm bridge}: chooses where this user's runs take libtorch from. */
@Command(
        name = "bridge",
        description =
                "Lets this host's own torch compute, which may know its GPUs: compiles a small bridge to it once (g++) and"
                        + " chooses it for all later runs.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false)
final class BridgeCommand implements Callable<Integer> {
    /** Libraries of DJL's own, instead of the host's: one of the two. */
    private static final class OwnLibraries {
        @Option(
                names = "--download",
                description = "Chooses DJL's own CUDA libraries instead, fetched at the next start.")
        private boolean download;

        @Option(names = "--bundled", description = "Goes back to the CPU's libtorch that comes with this program.")
        private boolean bundled;
    }

    private final Environment environment;

    @Option(
            names = "--python",
            paramLabel = "PYTHON",
            defaultValue = "python3",
            description = "The Python that has torch 2.7 or later. Default: ${DEFAULT-VALUE}.")
    private String python = "python3";

    @Option(
            names = "--compiler",
            paramLabel = "COMPILER",
            defaultValue = "g++",
            description = "The C++ compiler. Default: ${DEFAULT-VALUE}.")
    private String compiler = "g++";

    @ArgGroup
    private OwnLibraries own = new OwnLibraries();

    @Option(names = "--json", description = "Prints one JSON object.")
    private boolean json;

    BridgeCommand(Environment environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() {
        BridgeBuild bridges = new BridgeBuild(TorchRoute.cacheFolder(), environment::say);
        Map<String, Object> told = new LinkedHashMap<>();
        TorchRoute route;
        if (own.download || own.bundled) {
            route = bridges.choose(own.download ? TorchRoute.Kind.DOWNLOAD : TorchRoute.Kind.BUNDLED);
        } else {
            route = bridges.build(python, compiler);
            route.start(); // a bridge that does not load is not chosen
            bridges.choose(route, python);
            told.put("cudaDevices", route.cudaDevices());
            told.put("missing", route.missing());
        }
        told.put("route", route.kind().key());
        told.put("torch", route.torch());
        told.put("cuda", route.cuda());
        told.put("libraries", route.libraries());
        if (json) {
            environment.out().println(Json.line(told));
        } else {
            environment.say("runs now use " + route.describe());
            String missing = String.valueOf(told.getOrDefault("missing", ""));
            if (!missing.isEmpty()) {
                environment.say(missing);
            }
        }
        return Failure.OK;
    }
}
