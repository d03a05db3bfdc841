; The Windows installer of SkinKD: for one user, without an administrator. build.ps1 runs it, with Inno Setup 6.3 or
; later:
;   ISCC /DAppVersion=0.1.0 /DNumbers=0.1.0.0 /DEdition=cpu [/DSigned /Sskinkd=COMMAND] skinkd.iss
; Paths are relative to this file.

#ifndef AppVersion
  #error Run build.ps1: it knows the version
#endif
#define Frozen "..\..\dist\" + Edition + "\skinkd"
#define Suffix (Edition == "cpu" ? "" : "-" + Edition)
#ifdef Signed
  #define Sign "signonce"
#else
  #define Sign ""
#endif

[Setup]
; Never change: it is how an upgrade finds the version before it.
AppId={{3EE93BB8-78AD-445D-9140-66C3BA96B13B}
AppName=SkinKD
AppVersion={#AppVersion}
AppPublisher=SkinKD
VersionInfoVersion={#Numbers}
UninstallDisplayIcon={app}\skinkd.exe
SetupIconFile=..\..\build\icons\skinkd.ico
LicenseFile=..\..\LICENSE
WizardStyle=modern
; In the user's profile: {autopf} is %LOCALAPPDATA%\Programs where no administrator is asked for.
PrivilegesRequired=lowest
DefaultDirName={autopf}\SkinKD
DisableProgramGroupPage=yes
; Windows 10 1809 or later, 64 bit, is what Qt runs on; Windows 11 on ARM runs it in emulation.
ArchitecturesAllowed=x64compatible
ArchitecturesInstallIn64BitMode=x64compatible
MinVersion=10.0.17763
; The window holds this mutex: whoever installs or removes is asked to close it, which saves a checkpoint of a training.
AppMutex=SkinKD
; What else uses the files (skinkd-cli in a terminal) is listed, and closed if the user agrees.
CloseApplications=yes
CloseApplicationsFilter=*.exe,*.dll,*.pyd
RestartApplications=no
ChangesAssociations=yes
; The smallest download; 64 MB of memory while it unpacks.
Compression=lzma2/ultra64
SolidCompression=yes
LZMAUseSeparateProcess=yes
OutputDir=..\..\dist
OutputBaseFilename=skinkd-{#AppVersion}-windows-x64{#Suffix}-setup
#if Edition == "gpu"
; One file can hold 2,100,000,000 bytes. Slices, which belong beside the .exe, stay below the 2 GiB of a release asset.
DiskSpanning=yes
DiskSliceSize=2000000000
#endif
#ifdef Signed
SignTool=skinkd
#endif

[Tasks]
Name: "desktopicon"; Description: "{cm:CreateDesktopIcon}"; GroupDescription: "{cm:AdditionalIcons}"; Flags: unchecked

[InstallDelete]
; An upgrade in place: a library of the version before must not lie beside those of this one. Runs are never in here.
Type: filesandordirs; Name: "{app}\_internal"

[Files]
Source: "{#Frozen}\skinkd.exe"; DestDir: "{app}"; Flags: ignoreversion {#Sign}
Source: "{#Frozen}\skinkd-cli.exe"; DestDir: "{app}"; Flags: ignoreversion {#Sign}
Source: "{#Frozen}\_internal\*"; DestDir: "{app}\_internal"; Flags: ignoreversion recursesubdirs createallsubdirs
Source: "..\..\LICENSE"; DestDir: "{app}"; DestName: "LICENSE.txt"; Flags: ignoreversion

[Icons]
Name: "{autoprograms}\SkinKD"; Filename: "{app}\skinkd.exe"
Name: "{autodesktop}\SkinKD"; Filename: "{app}\skinkd.exe"; Tasks: desktopicon

[Registry]
; Offered under "Open with". Whatever opens these files now keeps them. A backslash goes on with the line.
Root: HKCU; Subkey: "Software\Classes\SkinKD.Model"; \
    ValueType: string; ValueName: ""; ValueData: "SkinKD model"; Flags: uninsdeletekey
Root: HKCU; Subkey: "Software\Classes\SkinKD.Model\DefaultIcon"; \
    ValueType: string; ValueName: ""; ValueData: "{app}\skinkd.exe,0"
Root: HKCU; Subkey: "Software\Classes\SkinKD.Model\shell\open\command"; \
    ValueType: string; ValueName: ""; ValueData: """{app}\skinkd.exe"" ""%1"""
Root: HKCU; Subkey: "Software\Classes\.safetensors\OpenWithProgids"; \
    ValueType: string; ValueName: "SkinKD.Model"; ValueData: ""; \
    Flags: uninsdeletevalue uninsdeletekeyifempty
Root: HKCU; Subkey: "Software\Classes\.onnx\OpenWithProgids"; \
    ValueType: string; ValueName: "SkinKD.Model"; ValueData: ""; \
    Flags: uninsdeletevalue uninsdeletekeyifempty

[Run]
Filename: "{app}\skinkd.exe"; Description: "{cm:LaunchProgram,SkinKD}"; Flags: nowait postinstall skipifsilent

[UninstallDelete]
Type: filesandordirs; Name: "{app}\_internal"

[Code]
procedure CurUninstallStepChanged(CurUninstallStep: TUninstallStep);
var
  Text: String;
begin
  if (CurUninstallStep = usPostUninstall) and not UninstallSilent then
  begin
    Text := 'Your runs and settings were kept, for a later version of SkinKD:' + #13#10#13#10;
    Text := Text + ExpandConstant('{localappdata}\SkinKD') + #13#10;
    Text := Text + '    runs, cache, logs, record of classifications' + #13#10;
    Text := Text + ExpandConstant('{userappdata}\SkinKD') + #13#10 + '    settings' + #13#10#13#10;
    Text := Text + 'Runs in a folder that you chose yourself are still there, too. Delete what you no longer need.';
    SuppressibleMsgBox(Text, mbInformation, MB_OK, IDOK);
  end;
end;
