package io.flm.launch.node;

import akka.cluster.ConfigValidation;
import akka.cluster.Invalid;
import akka.cluster.JoinConfigCompatChecker;
import akka.cluster.Valid$;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigValueFactory;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import scala.collection.immutable.Seq;
import scala.jdk.javaapi.CollectionConverters;

/**
 * Lets no node of another cluster or program version join. Akka lets both sides look, and only the side that looks learns what
 * it saw: so a member lets everybody pass, and the newcomer refuses itself, by name. Against strangers there is the key store.
 */
public final class JoinCheck extends JoinConfigCompatChecker {
    private static final String CLUSTER = "akka.flm.cluster";
    private static final String VERSION = "akka.flm.version";
    private static final String SYSTEM = "akka.flm.system";

    private static final Set<String> MEMBERS = ConcurrentHashMap.newKeySet();
    private static final Map<String, String> REFUSALS = new ConcurrentHashMap<>();

    /** What a node's configuration holds for this check; {@code system} is unique. */
    static Config of(String system, String cluster, String version) {
        return ConfigFactory.empty()
                .withValue(SYSTEM, ConfigValueFactory.fromAnyRef(system))
                .withValue(CLUSTER, ConfigValueFactory.fromAnyRef(cluster))
                .withValue(VERSION, ConfigValueFactory.fromAnyRef(version));
    }

    /** From now on this system is asked by others, and asks nobody. */
    static void joined(String system) {
        MEMBERS.add(system);
    }

    /** Why this system may not join; null: nobody refused it. */
    static @Nullable String refusal(String system) {
        return REFUSALS.get(system);
    }

    static void forget(String system) {
        MEMBERS.remove(system);
        REFUSALS.remove(system);
    }

    @Override
    public Seq<String> requiredKeys() {
        return seq(CLUSTER, VERSION, SYSTEM);
    }

    @Override
    public ConfigValidation check(Config theirs, Config ours) {
        String system = ours.getString(SYSTEM);
        if (MEMBERS.contains(system)) {
            return Valid$.MODULE$;
        }
        String refusal = difference(theirs, ours);
        if (refusal.isEmpty()) {
            return Valid$.MODULE$;
        }
        REFUSALS.put(system, refusal);
        return new Invalid(seq(refusal));
    }

    private static String difference(Config theirs, Config ours) {
        for (String key : List.of(CLUSTER, VERSION, SYSTEM)) {
            if (!theirs.hasPath(key)) {
                return "the cluster there is not one of flm";
            }
        }
        if (!theirs.getString(CLUSTER).equals(ours.getString(CLUSTER))) {
            return "the cluster there is named " + theirs.getString(CLUSTER) + ", not " + ours.getString(CLUSTER)
                    + "; check the address, or flm.node.cluster";
        }
        if (!theirs.getString(VERSION).equals(ours.getString(VERSION))) {
            return "the cluster there runs version " + theirs.getString(VERSION) + " of flm, this node "
                    + ours.getString(VERSION) + "; install the same";
        }
        return "";
    }

    private static Seq<String> seq(String... items) {
        return CollectionConverters.asScala(List.of(items)).toSeq();
    }
}
