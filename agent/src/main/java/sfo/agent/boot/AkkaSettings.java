package sfo.agent.boot;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.util.HashMap;
import java.util.Map;
import sfo.config.load.Settings;

/** An appliance's settings as the values that application.conf and what it includes refer to. */
final class AkkaSettings {
    private AkkaSettings() {}

    static Config of(Settings settings) {
        Map<String, Object> runtime = new HashMap<>();
        runtime.put("host", settings.endpoint().host());
        runtime.put("port", settings.endpoint().port());
        runtime.put("key", settings.tls().key().toString());
        runtime.put("certificate", settings.tls().certificate().toString());
        runtime.put("authority", settings.tls().authority().toString());
        runtime.put("journal", settings.data().resolve("journal").toString());
        return ConfigFactory.load(ConfigFactory.parseMap(Map.of("sfo-runtime", runtime), "settings")
                .withFallback(ConfigFactory.parseResources("application.conf")));
    }
}
