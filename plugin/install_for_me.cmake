# Copies the plugin to where Wireshark looks for those of the user who runs this, who need not have configured the build.
set(folder $ENV{HOME}/.local/lib/wireshark/plugins/${VERSION}/epan)
file(INSTALL ${PLUGIN} DESTINATION ${folder})
execute_process(COMMAND id -u OUTPUT_VARIABLE user OUTPUT_STRIP_TRAILING_WHITESPACE)
if(user STREQUAL 0)
  message(WARNING "Wireshark run as root ignores ${folder}: use cmake --install")
endif()
