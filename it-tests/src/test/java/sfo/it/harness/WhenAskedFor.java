package sfo.it.harness;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/** A story that takes long beside what it adds to the others. */
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@EnabledIfSystemProperty(
        named = "sfo.long",
        matches = "true",
        disabledReason = "it takes long: ./mvnw verify -Dsfo.long=true")
public @interface WhenAskedFor {}
